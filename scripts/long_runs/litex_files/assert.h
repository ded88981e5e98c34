// What chip.h asks of a C library; the program has none.
#define static_assert _Static_assert
