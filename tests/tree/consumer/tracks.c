/* tracks.c - the smallest program of a stranger that separates files: is libdemucs_tracks there, does it answer? */
#include <demucs_runs.h>
#include <demucs_settings.h>
#include <demucs_tracks.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    demucs_tracks_request request;
    demucs_error error;
    demucs_tracks_request_init(&request, sizeof request);
    request.pattern = "{song}.wav";
    demucs_status status = demucs_tracks_check(&request, NULL, &error);
    printf("%s: %s\n", demucs_status_name(status), error.message);
    if (demucs_settings_find_key("shifts") == NULL) return 1;
    demucs_runs_list *list = NULL;
    if (demucs_runs_list_create(&list, NULL) != DEMUCS_OK) return 1;
    demucs_runs_list_free(list);
    return status != DEMUCS_ERROR_ARGUMENT || strstr(error.message, "{song}") == NULL;
}
