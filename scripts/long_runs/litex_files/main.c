// Trains the engine from a CPU: loads samples and weights, lets it run, and says what it has learned.
// Numbers are said in hexadecimal, since the CPU does not divide.
#include <stddef.h>
#include <stdint.h>

#include "chip.h" // registers and memories, as `ohmgrad generate` writes them
#include "csr.h"  // LiteX: the console
#include "mem.h"  // LiteX: where the engine is
#include "task.h" // samples, weights, steps

// The structures of chip.h are packed: through them a compiler may take a word byte by byte.
#define ADDRESS(member) ((volatile uint32_t *)(CHIP_BASE + offsetof(chip_t, member)))
#define REGISTER(name) (*ADDRESS(registers.name))

static void say(char letter) { *(volatile uint32_t *)CSR_CONSOLE_BYTE_ADDR = letter; }

static void text(const char *letters) {
    while (*letters)
        say(*letters++);
}

static void number(const char *name, uint32_t value) {
    text(name);
    for (int low = 28; low >= 0; low -= 4)
        say("0123456789abcdef"[value >> low & 15]);
}

static void wait(void) {
    while (REGISTER(STATUS) & CHIP__REGISTERS__STATUS__BUSY_bm)
        ;
}

static void command(uint32_t what, uint32_t target) {
    REGISTER(TARGET) = target;
    REGISTER(CONTROL) = what;
    wait();
}

int main(void) {
    wait();
    number("id ", REGISTER(ID));
    number(" chip ", REGISTER(CHIP_HIGH));
    number("", REGISTER(CHIP_LOW));
    for (uint32_t i = 0; i < sizeof samples / sizeof *samples; i++)
        ADDRESS(SAMPLES)[i] = samples[i];
    for (uint32_t i = 0; i < sizeof theta / sizeof *theta; i++)
        ADDRESS(THETA)[i] = theta[i];
    for (uint32_t step = 0; step < STEPS; step += CHUNK) {
        command(CHIP__REGISTERS__CONTROL__START_bm, step + CHUNK);
        command(CHIP__REGISTERS__CONTROL__EVALUATE_bm, SAMPLES_COUNT);
        number("\nstep ", REGISTER(STEP));
        number(" cost ", REGISTER(TOTAL_LOW));
        number(" right ", REGISTER(RIGHT));
        number(" flags ", REGISTER(FLAGS));
    }
    text("\ntheta");
    for (uint32_t i = 0; i < sizeof theta / sizeof *theta; i++)
        number(" ", ADDRESS(THETA)[i]);
    text("\n\4"); // end of transmission
    return 0;
}
