/* Splitting as a shell does: each word, quoted, is read back as itself. */
#include <stdint.h>

#include "base/strv.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xstrndup((const char *)data, size);
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_strv_ char **words = NULL, **again = NULL, **quoted = NULL;
	_cleanup_free_ char *line = NULL;

	if (strv_split_shell(text, &words, &err) < 0)
		return 0;
	for (size_t i = 0; words && words[i]; i++)
		strv_take(&quoted, text_quote_shell(words[i]));
	line = strv_join(quoted, " ");
	if (strv_split_shell(line, &again, &err) < 0 || strv_length(again) != strv_length(words))
		abort();
	for (size_t i = 0; words && words[i]; i++)
		if (!streq(words[i], again[i]))
			abort();
	return 0;
}
