/* tracks.c - the smallest program of a stranger that separates files: is libdemucs_tracks there, does it answer? */
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
    return status != DEMUCS_ERROR_ARGUMENT || strstr(error.message, "{song}") == NULL;
}
