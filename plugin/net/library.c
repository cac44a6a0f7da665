/* libcurl, loaded when the first request is made. */
#include <dlfcn.h>

#include "net/net_int.h"

static struct {
	pthread_once_t once;
	struct net_curl curl;
	bool there;
} library = {.once = PTHREAD_ONCE_INIT};

/* POSIX lets a pointer from dlsym be a function's; ISO C wants it said this way. */
static bool find(void *so, const char *name, void *slot)
{
	void *p = dlsym(so, name);

	memcpy(slot, &p, sizeof(p));
	return p != NULL;
}

static bool find_all(void *so, struct net_curl *c)
{
	bool all = true;

	all &= find(so, "curl_global_init", &c->global_init);
	all &= find(so, "curl_easy_init", &c->easy_init);
	all &= find(so, "curl_easy_cleanup", &c->easy_cleanup);
	all &= find(so, "curl_easy_reset", &c->easy_reset);
	all &= find(so, "curl_easy_setopt", &c->setopt);
	all &= find(so, "curl_easy_perform", &c->perform);
	all &= find(so, "curl_easy_getinfo", &c->getinfo);
	all &= find(so, "curl_easy_strerror", &c->strerror);
	all &= find(so, "curl_slist_append", &c->slist_append);
	all &= find(so, "curl_slist_free_all", &c->slist_free_all);
	all &= find(so, "curl_url", &c->url);
	all &= find(so, "curl_url_cleanup", &c->url_cleanup);
	all &= find(so, "curl_url_set", &c->url_set);
	all &= find(so, "curl_url_get", &c->url_get);
	all &= find(so, "curl_free", &c->free);
	return all;
}

static void load(void)
{
	static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};

	for (size_t i = 0; i < CP_LEN(names) && !library.there; i++) {
		void *so = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);

		if (!so)
			continue;
		library.there = find_all(so, &library.curl) &&
				library.curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
		if (!library.there)
			dlclose(so);
	}
}

int net_curl_load(const struct net_curl **ret_curl, struct cp_err *err)
{
	pthread_once(&library.once, load);
	if (!library.there) {
		cp_err_set(err, CP_ENET, "the network needs libcurl, which is not installed");
		cp_err_hint(err, "install libcurl4, or give --image-metadata and --offline");
		return CP_ENET;
	}
	*ret_curl = &library.curl;
	return 0;
}
