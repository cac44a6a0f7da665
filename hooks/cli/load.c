#include "load.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "progress.h"
#include "text.h"

#define PLUGIN_FILE "cachepredict.so"

static void host_log(void *userdata, int32_t level, const char *component, const char *message)
{
	struct text out = {0};

	(void)userdata;
	if (level > 1)
		return;
	text_plain(&out, component, strlen(component));
	text_addz(&out, level ? ": warning: " : ": ");
	text_plain(&out, message, strlen(message));
	text_addc(&out, '\n');
	fwrite(out.p, 1, out.n, stderr);
	text_release(&out);
}

/* Folder of this program, without the last slash. */
static char *own_folder(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n <= 0)
		return NULL;
	path[n] = '\0';
	slash = strrchr(path, '/');
	return slash ? must_copy(path, (size_t)(slash - path)) : NULL;
}

static char *find_plugin(const char *asked)
{
	static const char *const places[] = {"", "/../lib/cachepredict"};
	char *folder;
	char *found = NULL;

	if (asked) {
		struct text path = {0};

		if (!strchr(asked, '/') && access(asked, R_OK) == 0)
			text_addz(&path,
				  "./"); /* dlopen would look for it in the system's folders */
		text_addz(&path, asked);
		return path.p;
	}
	folder = own_folder();
	for (size_t i = 0; folder && !found && i < sizeof(places) / sizeof(places[0]); i++) {
		struct text path = {0};

		text_addf(&path, "%s%s/%s", folder, places[i], PLUGIN_FILE);
		if (access(path.p, R_OK) == 0)
			found = path.p;
		else
			text_release(&path);
	}
	free(folder);
	return found;
}

static int open_plugin(struct loaded *l)
{
	const struct cachepredict_plugin *(*entry)(uint32_t host_abi);

	l->handle = dlopen(l->path, RTLD_NOW | RTLD_LOCAL);
	if (!l->handle)
		return fail(EXIT_BROKEN, NULL, "%s", dlerror());
	*(void **)&entry = dlsym(l->handle, "cachepredict_plugin");
	if (!entry)
		return fail(EXIT_BROKEN, NULL,
			    "%s is no plugin of cachepredict: it lacks cachepredict_plugin()",
			    l->path);
	l->plugin = entry(CACHEPREDICT_HOST_ABI);
	if (!l->plugin)
		return fail(EXIT_BROKEN, "install the helper and the plugin of one version",
			    "%s has another ABI than %u", l->path, CACHEPREDICT_ABI_MAJOR);
	if (l->plugin->magic != CACHEPREDICT_MAGIC ||
	    l->plugin->struct_size < offsetof(struct cachepredict_plugin, get_extension))
		return fail(EXIT_BROKEN, NULL, "%s gave a table that is none of cachepredict's",
			    l->path);
	return 0;
}

int plugin_load(const char *asked, bool may_stop, struct loaded *ret_loaded)
{
	struct cachepredict_host host = {.struct_size = sizeof(host),
					 .abi = CACHEPREDICT_HOST_ABI,
					 .name = "cachepredict",
					 .version = CP_VERSION,
					 .log = host_log};
	struct cachepredict_error error = {.struct_size = sizeof(error)};
	struct loaded l = {.path = find_plugin(asked)};
	int r;

	if (may_stop)
		progress_install(&host);
	if (!l.path)
		return fail(EXIT_BROKEN, "cachepredict --plugin PATH, or CACHEPREDICT_PLUGIN=PATH",
			    "there is no " PLUGIN_FILE
			    " beside this program or in ../lib/cachepredict");
	r = open_plugin(&l);
	if (r == 0 && l.plugin->create(&host, &l.context, &error) != CACHEPREDICT_OK)
		r = fail_plugin(&error);
	if (r) {
		plugin_unload(&l);
		return r;
	}
	*ret_loaded = l;
	return 0;
}

void plugin_unload(struct loaded *l)
{
	if (l->plugin && l->context)
		l->plugin->destroy(l->context);
	if (l->handle)
		dlclose(l->handle);
	free(l->path);
	*l = (struct loaded){0};
}
