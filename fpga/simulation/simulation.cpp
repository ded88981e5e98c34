// A C interface to the Verilated chip: whole blocks and whole runs a call, so that no Python runs per clock.
//
// The host port has one request outstanding at a time. Addresses count entries; a block is at
// consecutive ones. Functions that can wait return 0, or -1 if `TIMEOUT` clocks brought no answer.

#include <cstdint>

#include "Vchip.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

namespace {

constexpr int TIMEOUT = 100000;
constexpr int RESET_CLOCKS = 4;
constexpr int CLEARING = 1 << 25;  // more words than addresses

struct Simulation {
    VerilatedContext context;
    Vchip chip{&context};
#if VM_TRACE
    VerilatedVcdC waves;
#endif

    void eval() {
        chip.eval();
#if VM_TRACE
        if (waves.isOpen()) waves.dump(context.time());
        context.timeInc(5);
#endif
    }

    // Outputs are what the chip shows ahead of the clock's edge.
    void settle() {
        chip.clk = 0;
        eval();
    }

    void edge() {
        chip.clk = 1;
        eval();
    }

    int request(bool write, uint32_t address, uint32_t data) {
        chip.host_valid = 1;
        chip.host_write = write;
        chip.host_address = address;
        chip.host_data = data;
        for (int i = 0; i < TIMEOUT; i++) {
            settle();
            const bool accepted = chip.host_ready;
            edge();
            if (accepted) {
                chip.host_valid = 0;
                return 0;
            }
        }
        chip.host_valid = 0;
        return -1;
    }

    int reply(uint32_t* data) {
        for (int i = 0; i < TIMEOUT; i++) {
            settle();
            const bool valid = chip.reply_valid;
            *data = chip.reply_data;
            edge();
            if (valid) return 0;
        }
        return -1;
    }
};

}  // namespace

extern "C" {

// A chip after reset; what its signals do goes into a file, if one is named and it is built so.
Simulation* sim_new(const char* waves) {
    auto* sim = new Simulation;
#if VM_TRACE
    if (*waves) {
        sim->context.traceEverOn(true);
        sim->chip.trace(&sim->waves, 99);
        sim->waves.open(waves);
    }
#endif
    sim->chip.host_valid = 0;
    sim->chip.rst = 1;
    for (int i = 0; i < RESET_CLOCKS; i++) {
        sim->settle();
        sim->edge();
    }
    sim->chip.rst = 0;
    sim->settle();
    sim->edge();  // the reset comes by a register
    sim->settle();
    for (int i = 0; !sim->chip.host_ready && i < CLEARING; i++) {  // the memories are being cleared
        sim->edge();
        sim->settle();
    }
    return sim;
}

void sim_delete(Simulation* sim) {
    sim->chip.final();
#if VM_TRACE
    sim->waves.close();
#endif
    delete sim;
}

int sim_write_block(Simulation* sim, uint32_t address, const uint32_t* data, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (sim->request(true, address + i, data[i])) return -1;
    return 0;
}

int sim_read_block(Simulation* sim, uint32_t address, uint32_t* data, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (sim->request(false, address + i, 0) || sim->reply(data + i)) return -1;
#if VM_TRACE
    sim->waves.flush();  // whatever becomes of this process
#endif
    return 0;
}

// Clocks until the chip is not busy, at most `most`; returns how many.
uint64_t sim_run(Simulation* sim, uint64_t most) {
    uint64_t clocks = 0;
    sim->settle();
    while (clocks < most && sim->chip.busy) {
        sim->edge();
        sim->settle();
        clocks++;
    }
    return clocks;
}
}
