import Foundation

/// A clock of a process's own: the machine's, and so many seconds that can be changed while it runs. The kernel does
/// not say of it that others keep it right.
struct ClockShift: Sendable {
    private static let compiler = "/usr/bin/cc"
    private static let source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <sys/time.h>
        #include <sys/timex.h>
        #include <time.h>
        static long shift(void) {
            long seconds = 0;
            FILE *file = fopen(getenv("CLOCK_SHIFT"), "re");
            if (file) { if (fscanf(file, "%ld", &seconds) != 1) seconds = 0; fclose(file); }
            return seconds;
        }
        int clock_gettime(clockid_t id, struct timespec *time) {
            static int (*machine)(clockid_t, struct timespec *);
            if (!machine) machine = dlsym(RTLD_NEXT, "clock_gettime");
            int result = machine(id, time);
            if (id == CLOCK_REALTIME) time->tv_sec += shift();
            return result;
        }
        int gettimeofday(struct timeval *time, void *zone) {
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            time->tv_sec = now.tv_sec;
            time->tv_usec = now.tv_nsec / 1000;
            return 0;
        }
        int adjtimex(struct timex *clock) { clock->status = STA_UNSYNC; return TIME_ERROR; }
        """

    /// Why there is none here; nothing where there is.
    static let obstacle: String? =
        FileManager.default.isExecutableFile(atPath: compiler) ? nil : "there is no \(compiler) to make a clock with"

    private let library: URL
    private let file: URL

    init(in folder: URL) async throws {
        library = folder.appending(path: "clock.so")
        file = folder.appending(path: "clock-\(UUID().uuidString)")
        let text = folder.appending(path: "clock.c")
        try Data(Self.source.utf8).write(to: text)
        let outcome = try await Outcome.of(
            Self.compiler,
            ["-shared", "-fPIC", "-o", library.path(percentEncoded: false), text.path(percentEncoded: false), "-ldl"])
        guard outcome.status == 0 else { throw NeverHappened(description: "no clock: \(outcome.errors)") }
        try set(days: 0)
    }

    func set(days: Int) throws { try Data("\(days * 86_400)".utf8).write(to: file) }

    /// What a process with this clock is started with.
    var environment: [String: String] {
        ["LD_PRELOAD": library.path(percentEncoded: false), "CLOCK_SHIFT": file.path(percentEncoded: false)]
    }
}
