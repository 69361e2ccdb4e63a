/* stage.c - see stage.h */
#include "stage.h"

#include "hub/resolve.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stage stage;

const unsigned char *model(int number) { return files_noise(number, MODEL_BYTES); }

const char *server_file(const char *name)
{
    return files_path("%s/files/%s/%s", getenv("DEMUCS_TEST_SERVER_ROOT"), stage.corner, name);
}

const char *legacy_file(int number) { return strrchr(stage.legacy[number], '/') + 1; }

void use_modes(const char *hugging_face, const char *legacy)
{
    const char *server = getenv("DEMUCS_TEST_SERVER");
    setenv("DEMUCS_HF_URL", files_path("%s/%s/%s/", server, hugging_face, stage.corner), 1);
    setenv("DEMUCS_LEGACY_URL", files_path("%s/%s/%s/legacy", server, legacy, stage.corner), 1);
}

bool set_stage(const char *hugging_face, const char *legacy)
{
    static int tests;
    if (getenv("DEMUCS_TEST_SERVER") == NULL) {
        test_skip("no server: to be run by with_server.py");
        return false;
    }
    snprintf(stage.corner, sizeof stage.corner, "t%d", ++tests);
    for (int i = 0; i < 2; i++) {
        const char *signature = i == 0 ? "aa" : "bb";
        strcpy(stage.sums[i], files_sum(model(i), MODEL_BYTES));
        snprintf(stage.legacy[i], sizeof stage.legacy[i], "old/%s-%.8s.th", signature, stage.sums[i]);
        stage.files[i] = (hub_known_file){stage.legacy[i], NULL, NULL};
        files_write(server_file(files_path("adefossez/Demucs-one/resolve/main/%s.safetensors", signature)), model(i),
                    MODEL_BYTES);
        files_write(server_file(files_path("adefossez/Demucs-two/resolve/main/%s.safetensors", signature)), model(i),
                    MODEL_BYTES);
        files_write(server_file(files_path("legacy/%s", stage.legacy[i])), model(i), MODEL_BYTES);
    }
    stage.bags[0] = (hub_known_bag){"one", "", "models: ['aa']\n"};
    stage.bags[1] = (hub_known_bag){"two", "", "models: ['aa', 'bb', 'aa']\n"};
    stage.registry = (hub_registry){stage.bags, 2, stage.files, 2, NULL};
    strcpy(stage.cache, files_new_folder());
    setenv("DEMUCS_CACHE", stage.cache, 1);
    setenv("TORCH_HOME", files_path("%s/none", stage.cache), 1);
    setenv("HF_HOME", files_path("%s/none", stage.cache), 1);
    unsetenv("HF_HUB_CACHE");
    unsetenv("HF_HUB_OFFLINE");
    use_modes(hugging_face, legacy);
    return true;
}

int requests(const char *text)
{
    int count = 0;
    char line[1024];
    FILE *log = fopen(files_path("%s/log", getenv("DEMUCS_TEST_SERVER_ROOT")), "r");
    while (log != NULL && fgets(line, sizeof line, log) != NULL)
        count += strstr(line, files_path("/%s/", stage.corner)) != NULL && strstr(line, text) != NULL;
    if (log != NULL) fclose(log);
    return count;
}

const char *cached(const char *name) { return files_path("%s/%s", stage.cache, name); }

void expect(const char *name, const hub_options *options, const char *file)
{
    demucs_error error = {0};
    char *path = hub_resolve_in(&stage.registry, name, options, HUB_FETCH, &error);
    CHECK(path != NULL && strcmp(path, cached(file)) == 0, "%s gave %s: %s", name, files_shown(path), error.message);
    free(path);
}

void expect_failure(const char *name, const hub_options *options, const char *word)
{
    demucs_error error = {0};
    char *path = hub_resolve_in(&stage.registry, name, options, HUB_FETCH, &error);
    CHECK(path == NULL && strstr(error.message, word) != NULL, "%s gave %s: no \"%s\" in: %s", name, files_shown(path),
          word, error.message);
    free(path);
}

void expect_model(const char *file, int number)
{
    CHECK(files_hold(cached(file), model(number), MODEL_BYTES), "%s is not model %d", file, number);
    CHECK(!files_exists(cached(files_path("%s.partial", file))), "%s.partial is left", file);
}
