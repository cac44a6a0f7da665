/*
 * Debian's libgit2 reads the whole bundle of CA certificates inside git_libgit2_init: 5-9 ms, as
 * long as a whole `git diff`. It calls the function below for that; the one of the program comes
 * before that of libmbedx509 in the search for symbols, so this one is taken and the bundle is left
 * unread.
 *
 * Safe because neither the helper nor the plugin talks TLS through libgit2: with no certificate
 * every such connection would be refused, never trusted. A plugin with a libgit2 linked in (the
 * usual build, plugin/link.sh) does not see it.
 */
int mbedtls_x509_crt_parse_file(void *chain, const char *path);

__attribute__((visibility("default"))) int mbedtls_x509_crt_parse_file(void *chain,
								       const char *path)
{
	(void)chain;
	(void)path;
	return 0;
}
