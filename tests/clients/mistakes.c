/* A module that makes the mistakes which valgrind.sh must find, each once, and then refuses to work. */
#include <stdlib.h>

#include "pkcs11.h"

/* The compiler cannot know these, or it would warn. */
static volatile size_t block_size = 16;
static void* (*volatile allocate)(size_t) = malloc;

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list) {
    volatile unsigned char* block = allocate(block_size);
    (void)list;
    if (block == NULL) {
        return CKR_HOST_MEMORY;
    }
    if (block[0] == 1) { /* nobody wrote it */
        block[1] = 1;
    }
    block[block_size] = block[block_size + 1]; /* both beyond the end */
    return CKR_FUNCTION_FAILED;                /* and the block is lost */
}
