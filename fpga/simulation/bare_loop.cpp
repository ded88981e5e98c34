// The limit that `--on sim` is held against: a clock loop over the same model, with nothing read out.
// Usage: bare_loop CLOCKS; prints seconds.

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "Vchip.h"
#include "verilated.h"

int main(int, char** argv) {
    const long clocks = std::atol(argv[1]);
    VerilatedContext context;
    Vchip chip{&context};
    const auto clock = [&] {
        chip.clk = 0;
        chip.eval();
        chip.clk = 1;
        chip.eval();
    };
    chip.host_valid = 0;
    chip.rst = 1;
    for (int i = 0; i < 4; i++) clock();
    chip.rst = 0;
    clock();  // the reset comes by a register
    // Registers TARGET and CONTROL of region 0: run without end.
    const unsigned writes[2][2] = {{1, 0xffffffffu}, {0, 1}};
    for (const auto& write : writes) {
        chip.host_valid = chip.host_write = 1;
        chip.host_address = write[0];
        chip.host_data = write[1];
        bool accepted = false;
        while (!accepted) {
            chip.clk = 0;
            chip.eval();
            accepted = chip.host_ready;
            chip.clk = 1;
            chip.eval();
        }
    }
    chip.host_valid = 0;
    const auto start = std::chrono::steady_clock::now();
    for (long i = 0; i < clocks; i++) clock();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::printf("%.6f\n", seconds.count());
    return chip.busy ? 0 : 1;
}
