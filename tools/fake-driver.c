/* Stands in for NVIDIA's driver (libcuda.so.1) where there is none, so that what is said of cards can be tried:
 *   cc -shared -fPIC -o DIR/libcuda.so.1 tools/fake-driver.c, then LD_LIBRARY_PATH=DIR
 * FAKE_CUDA=12080 is the version that it serves, FAKE_CARDS="90 61" the compute capabilities of its cards,
 * FAKE_INIT=999 the answer of cuInit. Nothing can be computed with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int number(const char *name, int otherwise) {
    const char *text = getenv(name);
    return text ? atoi(text) : otherwise;
}

/* Capability of a card as one number, or 0. */
static int capability(int card) {
    const char *text = getenv("FAKE_CARDS");
    for (int at = 0; text && *text; ++at) {
        char *end;
        long value = strtol(text, &end, 10);
        if (end == text) return 0;
        if (at == card) return (int)value;
        text = end;
    }
    return 0;
}

static int count(void) {
    int cards = 0;
    while (capability(cards)) ++cards;
    return cards;
}

int cuInit(unsigned flags) {
    (void)flags;
    return number("FAKE_INIT", count() ? 0 : 100);
}

int cuDriverGetVersion(int *version) {
    *version = number("FAKE_CUDA", 13000);
    return 0;
}

int cuDeviceGetCount(int *cards) {
    *cards = count();
    return 0;
}

int cuDeviceGet(int *card, int index) {
    *card = index;
    return capability(index) ? 0 : 101;
}

int cuDeviceGetName(char *name, int size, int card) {
    snprintf(name, (size_t)size, "Painted card %d", card);
    return 0;
}

int cuDeviceTotalMem_v2(size_t *bytes, int card) {
    *bytes = (size_t)(card + 1) << 34;
    return 0;
}

int cuDeviceGetAttribute(int *value, int attribute, int card) {
    if (attribute != 75 && attribute != 76) return 1;
    *value = attribute == 75 ? capability(card) / 10 : capability(card) % 10;
    return 0;
}
