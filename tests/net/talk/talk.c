/* talk TAP...: puts frames into TAPs as it is told, line by line, and says of each whether it came out at another one.
 *
 *   FROM TO KIND [KEY=VALUE...]     numbers of TAPs, from 0; 1 is the LAN, the others are guests. Kinds: frames.h and talk.h.
 *                                   Answered with "pass" or "drop": a write to a TAP has done all its work when it returns
 *   flood N FROM TO KIND ...        N times, only the last of them is looked at
 *   down TAP                        closes it: the interface goes
 */
#include <stdio.h>
#include <unistd.h>

#include "../frames/frames.h"
#include "talk.h"

#define TAPS_MAX 8

static bool travels(int from, int to, const struct frame *frame)
{
	uint8_t data[4096];
	bool arrived = false;
	ssize_t n;

	while (read(to, data, sizeof(data)) > 0 || read(from, data, sizeof(data)) > 0)
		;
	if (write(from, frame->data, frame->n) < 0)
		return false;
	while ((n = read(to, data, sizeof(data))) > 0)
		if ((size_t)n <= frame->n && n > 14 && memcmp(data, frame->data, (size_t)n) == 0)
			arrived = true;
	return arrived;
}

static void one_line(int *taps, int n, char **words)
{
	long times = 1;
	struct frame frame = { .n = 0 };
	bool arrived = false;

	if (words[0] && streq(words[0], "flood") && words[1]) {
		times = strtol(words[1], NULL, 10);
		words += 2;
	}
	if (words[0] && streq(words[0], "down") && words[1]) {
		close(taps[strtol(words[1], NULL, 10)]);
		puts("down");
		return;
	}
	if (strv_length(words) < 3)
		case_die("line", "wants FROM TO KIND", NULL);

	long from = strtol(words[0], NULL, 10), to = strtol(words[1], NULL, 10);
	if (from < 0 || to < 0 || from >= n || to >= n)
		case_die(words[0], "no such TAP", NULL);
	frame.n = talk_frame(words + 2, from != 1, frame.data);
	if (frame.n == 0)
		frame_build(words + 2, from != 1, &frame);
	while (times-- > 0)
		arrived = travels(taps[from], taps[to], &frame);
	puts(arrived ? "pass" : "drop");
}

int main(int argc, char **argv)
{
	int taps[TAPS_MAX], n = 0;
	char line[1024];

	for (int i = 1; i < argc && n < TAPS_MAX; i++)
		taps[n++] = frame_open_tap(argv[i]);
	while (fgets(line, sizeof(line), stdin)) {
		_cleanup_strv_ char **words = NULL;

		line[strcspn(line, "\n")] = '\0';
		words = strv_split(line, ' ');
		one_line(taps, n, words);
		fflush(stdout);
	}
	return 0;
}
