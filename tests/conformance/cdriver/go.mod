module cachepredict.test/conformance/cdriver

go 1.26.8
