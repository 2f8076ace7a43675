#include <stdio.h>
#include <stdlib.h>

int main(void) {
    const char *name = getenv("NAME");
    return printf("Hello, %s!\n", name ? name : "nobody") < 0;
}
