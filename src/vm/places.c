/* The default places of settings, specs and state. Users' are those of the XDG Base Directory Specification. */
#include "vm/places.h"

#include <stdlib.h>

#include "base/text.h"

static void root_places(struct places *places)
{
	places->config = xstrdup("/etc/kvmctl/kvmctl.json");
	places->run_dir = xstrdup("/run/kvmctl");
	places->spec_dir = xstrdup("/etc/kvmctl/instances");
	places->filter_dir = xstrdup("/etc/kvmctl/filters");
	places->secgroup_dir = xstrdup("/etc/kvmctl/secgroups");
	places->state_dir = xstrdup("/var/lib/kvmctl");
	places->cache_dir = xstrdup("/var/cache/kvmctl");
}

/* $VARIABLE/kvmctl, or $HOME/FALLBACK/kvmctl. The specification wants relative values ignored. */
static char *xdg_dir(const char *variable, const char *home, const char *fallback)
{
	const char *dir = getenv(variable);
	if (dir && *dir == '/')
		return xprintf("%s/kvmctl", dir);
	return xprintf("%s/%s/kvmctl", home, fallback);
}

static int user_places(struct places *places, struct error *err)
{
	const char *home = getenv("HOME"), *runtime = getenv("XDG_RUNTIME_DIR");
	if (!home || *home != '/') {
		error_set(err, ERROR_HOST, "the environment variable HOME is not set to an absolute path");
		return error_hint(err, "set HOME to your home directory");
	}
	_cleanup_free_ char *config = xdg_dir("XDG_CONFIG_HOME", home, ".config");
	places->config = xprintf("%s/kvmctl.json", config);
	places->spec_dir = xprintf("%s/instances", config);
	places->filter_dir = xprintf("%s/filters", config);
	places->secgroup_dir = xprintf("%s/secgroups", config);
	places->state_dir = xdg_dir("XDG_STATE_HOME", home, ".local/state");
	places->cache_dir = xdg_dir("XDG_CACHE_HOME", home, ".cache");
	if (runtime && *runtime == '/')
		places->run_dir = xprintf("%s/kvmctl", runtime);
	return 0;
}

int places_find(bool as_root, struct places *ret, struct error *err)
{
	struct places places = { .uid_dir = xstrdup("/run/kvmctl-uids") };
	if (as_root) {
		root_places(&places);
	} else if (user_places(&places, err) < 0) {
		places_free(&places);
		return -1;
	}
	*ret = places;
	return 0;
}

void places_free(struct places *places)
{
	free(places->config);
	free(places->run_dir);
	free(places->spec_dir);
	free(places->filter_dir);
	free(places->secgroup_dir);
	free(places->state_dir);
	free(places->cache_dir);
	free(places->uid_dir);
	*places = (struct places){ 0 };
}
