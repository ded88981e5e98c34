// A C interface to a Verilated board: bytes on the pins rx and tx, so that no Python runs per clock.

#include <cstdint>

#include "Vchip.h"
#include "verilated.h"

namespace {

constexpr int RESET_CLOCKS = 8;
constexpr int BITS = 10;  // of a byte on the line: start, eight, stop

struct Board {
    VerilatedContext context;
    Vchip chip{&context};
    int divisor;
    uint64_t clocks = 0;

    void clock() {
        chip.clk = 0;
        chip.eval();
        chip.clk = 1;
        chip.eval();
        clocks++;
    }
};

}  // namespace

extern "C" {

// A board after reset, with so many clocks a bit.
Board* pins_new(int divisor) {
    auto* board = new Board;
    board->divisor = divisor;
    board->chip.rx = 1;
    board->chip.rst = 1;
    for (int i = 0; i < RESET_CLOCKS; i++) board->clock();
    board->chip.rst = 0;
    board->clock();
    return board;
}

void pins_delete(Board* board) {
    board->chip.final();
    delete board;
}

uint64_t pins_clocks(Board* board) { return board->clocks; }

// Puts bytes on rx. The board must not answer before their end.
void pins_send(Board* board, const uint8_t* bytes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const unsigned frame = 0x200u | bytes[i] << 1;
        for (int bit = 0; bit < BITS; bit++) {
            board->chip.rx = frame >> bit & 1;
            for (int k = 0; k < board->divisor; k++) board->clock();
        }
    }
}

// Takes bytes from tx until none begins within `quiet` clocks, or there are `most`; returns how many.
uint32_t pins_receive(Board* board, uint8_t* bytes, uint32_t most, uint64_t quiet) {
    uint32_t count = 0;
    while (count < most) {
        uint64_t waited = 0;
        for (; board->chip.tx && waited < quiet; waited++) board->clock();
        if (board->chip.tx) break;
        for (int k = 0; k < board->divisor / 2; k++) board->clock();
        unsigned frame = 0;
        for (int bit = 0; bit < BITS; bit++) {
            frame |= static_cast<unsigned>(board->chip.tx) << bit;
            // From the middle of the stop bit the next start bit can come early: do not run past it.
            for (int k = 0; bit < BITS - 1 && k < board->divisor; k++) board->clock();
        }
        if (frame >> 9 & ~frame & 1) bytes[count++] = frame >> 1 & 0xFF;
    }
    return count;
}

// Runs for at most so many clocks, while the pin `running` is high; returns how many.
uint64_t pins_run(Board* board, uint64_t most) {
    uint64_t clocks = 0;
    for (; clocks < most && board->chip.running; clocks++) board->clock();
    return clocks;
}
}
