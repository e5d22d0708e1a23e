/* A plain main for a fuzz target: gives it every file of its corpus (CORPUS, or the directories and files on the command line). */
#include <dirent.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	uint8_t *data;
	size_t size;

	if (!f || fstat(fileno(f), &st) < 0) {
		perror(path);
		return -1;
	}
	/* Exactly as large as the file: a read beyond it is seen. */
	data = malloc(st.st_size ? (size_t)st.st_size : 1);
	size = fread(data, 1, (size_t)st.st_size, f);
	fclose(f);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 1;
}

static int replay_directory(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	if (!d)
		return replay_file(path);
	for (const struct dirent *e; (e = readdir(d));) {
		char file[4096];

		if (e->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		if (replay_file(file) < 0)
			n = -1000000;
		n++;
	}
	closedir(d);
	return n;
}

int main(int argc, char **argv)
{
	char *corpus[] = { (char *)CORPUS };
	char **paths = argc > 1 ? argv + 1 : corpus;
	int n = 0;

	for (int i = 0; i < (argc > 1 ? argc - 1 : 1); i++)
		n += replay_directory(paths[i]);
	printf("%d inputs\n", n);
	return n > 0 ? 0 : 1; /* an empty corpus proves nothing */
}
