// A Verilated board behind a pseudo-terminal: the host's bytes move the pin rx, bit by bit, and the pin tx makes those
// that it gets.
//
// Usage: virtual_board DIVISOR [--link PATH] [--with-parent]
//
// Prints the name of the terminal. PATH becomes a symbolic link to it, until the end. SIGUSR1 presses the button reset;
// SIGINT and SIGTERM end the program, and with --with-parent the end of its standard input does, too. It then prints how
// many clocks it has run, and how fast.
//
// The clock runs as fast as it can while the engine runs or bytes move, and stands still else.

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "Vchip.h"
#include "verilated.h"

namespace {

constexpr int RESET_CLOCKS = 8;
constexpr int LOOK = 1024;           // clocks between two looks at the terminal
constexpr long IDLE = 30000;         // clocks without a sign of life after which the clock stands still
constexpr size_t MOST_WAITING = 4096;  // bytes from the host that wait for the pin

int signals[2];  // a pipe: signals come out of it as bytes

void note(int signal) {
    const char byte = static_cast<char>(signal);
    if (write(signals[1], &byte, 1) < 0) return;  // full: enough signals are waiting
}

// Bytes to bits, with a start and a stop bit, low bit first.
struct Sender {
    int divisor;
    std::deque<unsigned char> bytes;
    unsigned frame = 0;
    int bits = 0, clocks = 0;

    bool idle() const { return bits == 0 && clocks == 0 && bytes.empty(); }

    bool level() {
        if (clocks == 0) {
            if (bits == 0) {
                if (bytes.empty()) return true;
                frame = 0x200u | bytes.front() << 1;
                bytes.pop_front();
                bits = 10;
            } else {
                frame >>= 1;
            }
            bits--;
            clocks = divisor;
        }
        clocks--;
        return frame & 1;
    }
};

// And back; a byte whose stop bit is wrong is lost.
struct Receiver {
    int divisor;
    std::vector<unsigned char> bytes;
    unsigned byte = 0;
    int bit = -1, clocks = 0;

    bool idle() const { return bit < 0; }

    void see(bool level) {
        if (bit < 0) {
            if (!level) {
                bit = 0;
                byte = 0;
                clocks = divisor + divisor / 2;
            }
        } else if (--clocks == 0) {
            clocks = divisor;
            if (bit < 8) {
                byte |= static_cast<unsigned>(level) << bit++;
            } else {
                if (level) bytes.push_back(static_cast<unsigned char>(byte));
                bit = -1;
            }
        }
    }
};

int fail(const char* what) {
    std::perror(what);
    return 2;
}

}  // namespace

int main(int count, char** arguments) {
    const int divisor = count > 1 ? std::atoi(arguments[1]) : 0;
    std::string link;
    bool with_parent = false;
    for (int i = 2; i < count; i++) {
        if (!std::strcmp(arguments[i], "--link") && i + 1 < count) link = arguments[++i];
        if (!std::strcmp(arguments[i], "--with-parent")) with_parent = true;
    }
    if (divisor < 2) return 2;

    const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) || unlockpt(terminal)) return fail("pseudo-terminal");
    const std::string name = ptsname(terminal);
    // It stays open here, so that it outlives the hosts that open and close it.
    const int other = open(name.c_str(), O_RDWR | O_NOCTTY);
    termios raw{};
    if (other < 0 || tcgetattr(other, &raw)) return fail(name.c_str());
    cfmakeraw(&raw);
    if (tcsetattr(other, TCSANOW, &raw) || fcntl(terminal, F_SETFL, O_NONBLOCK)) return fail(name.c_str());

    if (pipe(signals) || fcntl(signals[1], F_SETFL, O_NONBLOCK)) return fail("pipe");
    for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) std::signal(signal, note);
    std::signal(SIGPIPE, SIG_IGN);
    if (!link.empty()) {
        struct stat there;
        if (!lstat(link.c_str(), &there) && S_ISLNK(there.st_mode)) unlink(link.c_str());
        if (symlink(name.c_str(), link.c_str())) return fail(link.c_str());
    }

    VerilatedContext context;
    Vchip chip{&context};
    Sender to{divisor, {}};
    Receiver from{divisor, {}};
    long clocks = 0;
    const auto clock = [&](bool rx) {
        chip.rx = rx;
        chip.clk = 0;
        chip.eval();
        chip.clk = 1;
        chip.eval();
        clocks++;
    };
    const auto reset = [&] {
        chip.rst = 1;
        for (int i = 0; i < RESET_CLOCKS; i++) clock(to.level());
        chip.rst = 0;
    };
    reset();
    std::printf("%s\n", name.c_str());
    std::fflush(stdout);

    using Clock = std::chrono::steady_clock;
    std::chrono::duration<double> worked{0};
    auto since = Clock::now();
    long quiet = 0;
    for (bool on = true; on;) {
        for (int i = 0; i < LOOK; i++) {
            clock(to.level());
            from.see(chip.tx);
            quiet = chip.running || !to.idle() || !from.idle() ? 0 : quiet + 1;
        }
        // What the terminal has no room for is lost, as on a wire that nobody listens to.
        if (!from.bytes.empty() && write(terminal, from.bytes.data(), from.bytes.size()) < 0) quiet = 0;
        from.bytes.clear();

        const bool still = quiet > IDLE;
        if (still) worked += Clock::now() - since;
        pollfd watched[] = {
            {terminal, static_cast<short>(to.bytes.size() < MOST_WAITING ? POLLIN : 0), 0},
            {signals[0], POLLIN, 0},
            {with_parent ? STDIN_FILENO : -1, POLLIN, 0},
        };
        poll(watched, 3, still ? -1 : 0);
        if (still) since = Clock::now();
        if (watched[0].revents & POLLIN) {
            unsigned char bytes[MOST_WAITING];
            const ssize_t size = read(terminal, bytes, sizeof bytes);
            for (ssize_t i = 0; i < size; i++) to.bytes.push_back(bytes[i]);
            quiet = 0;
        }
        if (watched[1].revents & POLLIN) {
            char signal = 0;
            if (read(signals[0], &signal, 1) == 1 && signal == SIGUSR1) {
                reset();
                quiet = 0;
            } else {
                on = false;
            }
        }
        if (watched[2].revents) on = false;
    }
    worked += Clock::now() - since;
    if (!link.empty()) unlink(link.c_str());
    chip.final();
    std::printf("%ld clocks in %.3f s: %.0f clocks/s\n", clocks, worked.count(), clocks / worked.count());
    return 0;
}
