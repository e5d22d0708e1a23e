/* Sound cards. Each has an explicit audiodev: without one QEMU looks for the host's sound. */
#include "base/strv.h"
#include "base/text.h"
#include "vm/plan_build.h"

/* The words of QEMU's old -soundhw. hda is a controller with a codec on it. */
static const struct card {
	const char *word, *driver, *codec;
	bool pci;
} cards[] = {
	{ "ac97", "AC97", NULL, true },
	{ "es1370", "ES1370", NULL, true },
	{ "hda", "intel-hda", "hda-duplex", true },
	{ "intel-hda", "intel-hda", "hda-duplex", true },
	{ "ich9-hda", "ich9-intel-hda", "hda-duplex", true },
	{ "sb16", "sb16", NULL, false },
	{ "adlib", "adlib", NULL, false },
	{ "gus", "gus", NULL, false },
	{ "cs4231a", "cs4231a", NULL, false },
};

/* The controller alone is mute. */
static void codec(struct builder *b, const char *driver, const char *controller)
{
	_cleanup_free_ char *id = xprintf("%s-codec", controller);
	struct json *device = build_device(driver, id);

	json_put_stringf(device, "bus", "%s.0", controller);
	json_put_string(device, "audiodev", "audio0");
	build_add_device(b, device);
}

/* ISA cards keep the ports and interrupts that drivers of their time expect. */
static void add_card(struct builder *b, const struct card *card, size_t n)
{
	_cleanup_free_ char *id = xprintf("sound%zu", n);
	struct json *device;

	if (!build_require(b, "hvparams.soundhw", card->word, card->driver))
		return;
	device = build_device(card->driver, id);
	if (!card->codec)
		json_put_string(device, "audiodev", "audio0");
	if (card->pci)
		build_add_pci(b, PCI_SOUND, false, device, "hvparams.soundhw");
	else
		build_add_device(b, device);
	if (card->codec)
		codec(b, card->codec, id);
}

/* With the whole list: it is short, and nobody knows these words by heart. */
static void unknown_card(struct builder *b, const char *word)
{
	_cleanup_strv_ char **known = NULL;
	_cleanup_free_ char *list = NULL;

	for (size_t i = 0; i < ELEMENTS(cards); i++)
		strv_add(&known, cards[i].word);
	list = strv_join(known, " ");
	problems_add(&b->problems, "hvparams.soundhw", "\"%s\" is no sound card: use some of %s", word, list);
}

/* Sound goes to the SPICE viewer, or nowhere. */
static void audiodev(struct builder *b)
{
	struct json *object = json_new_object();

	json_put_string(object, "driver", is_empty(b->hv->spice_bind) ? "none" : "spice");
	json_put_string(object, "id", "audio0");
	options_json(&b->options, OPTION_AUDIODEV, object);
}

/* All cards play into one audiodev. */
void plan_sound(struct builder *b)
{
	_cleanup_strv_ char **words = strv_split(b->hv->soundhw, ',');

	if (is_empty(b->hv->soundhw))
		return;
	audiodev(b);
	for (size_t i = 0; i < strv_length(words); i++) {
		_cleanup_free_ char *word = text_trim(words[i]);
		size_t at = 0;

		while (at < ELEMENTS(cards) && !streq(word, cards[at].word))
			at++;
		if (at < ELEMENTS(cards))
			add_card(b, &cards[at], i);
		else
			unknown_card(b, word);
	}
}
