/*
 * What the linker (--wrap, see link.sh) puts in place of functions of static archives.
 *
 * libgit2 loses its network half: the plugin reads repositories on disk and never talks through
 * libgit2, and what is left out is what costs: parsing the whole CA bundle at start, and libssh2,
 * OpenSSL and Kerberos as further libraries to load. With libraries that are loaded instead,
 * nothing here is used.
 */
#include <stddef.h>

int __wrap_git_mbedtls_stream_global_init(void);
int __wrap_git_openssl_stream_global_init(void);
int __wrap_git_transport_ssh_global_init(void);
int __wrap_git_transport_ssh_libssh2_global_init(void);
int __wrap_git_transport_smart(void **ret_transport, void *owner, void *param);
int __wrap_git_transport_local(void **ret_transport, void *owner, void *param);
int __wrap_git_smart_subtransport_http(void **ret_transport, void *owner, void *param);
int __wrap_git_smart_subtransport_git(void **ret_transport, void *owner, void *param);
int __wrap_git_smart_subtransport_ssh(void **ret_transport, void *owner, void *param);
extern void *const __wrap_stdin, *const __wrap_stdout;

/*
 * Debian's archives reach for these in a way that only an executable can. libgit2 uses stdout as
 * the default of printing a diff to a FILE, jansson compares stdin with the FILE that it reads
 * from; the plugin does neither.
 */
void *const __wrap_stdin = NULL, *const __wrap_stdout = NULL;

int __wrap_git_mbedtls_stream_global_init(void)
{
	return 0;
}

int __wrap_git_openssl_stream_global_init(void)
{
	return 0;
}

int __wrap_git_transport_ssh_global_init(void)
{
	return 0;
}

int __wrap_git_transport_ssh_libssh2_global_init(void)
{
	return 0;
}

/* One body for every way to a remote: there is none. */
static int no_transport(void **ret_transport)
{
	*ret_transport = NULL;
	return -1;
}

int __wrap_git_transport_smart(void **ret_transport, void *owner, void *param)
{
	(void)owner;
	(void)param;
	return no_transport(ret_transport);
}

int __wrap_git_transport_local(void **ret_transport, void *owner, void *param)
{
	(void)owner;
	(void)param;
	return no_transport(ret_transport);
}

int __wrap_git_smart_subtransport_http(void **ret_transport, void *owner, void *param)
{
	(void)owner;
	(void)param;
	return no_transport(ret_transport);
}

int __wrap_git_smart_subtransport_git(void **ret_transport, void *owner, void *param)
{
	(void)owner;
	(void)param;
	return no_transport(ret_transport);
}

int __wrap_git_smart_subtransport_ssh(void **ret_transport, void *owner, void *param)
{
	(void)owner;
	(void)param;
	return no_transport(ret_transport);
}
