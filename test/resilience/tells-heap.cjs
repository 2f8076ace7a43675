// Preloaded into the provider: on SIGUSR2 it collects garbage and writes the number of bytes still in use to a file.
const { renameSync, writeFileSync } = require("node:fs");
const { setImmediate: nextTurn } = require("node:timers/promises");
const v8 = require("node:v8");

// Compiled code and type feedback for hot functions grow for a while, which would look like a leak.
for (const flag of [
    "--no-opt",
    "--no-maglev",
    "--no-sparkplug",
    "--no-lazy-feedback-allocation",
    "--no-flush-bytecode",
])
    v8.setFlagsFromString(flag);

process.on("SIGUSR2", async () => {
    // Objects held by finalizers and closed connections become garbage only one turn of the event loop later.
    for (let turn = 0; turn < 3; turn++) {
        globalThis.gc();
        await nextTurn();
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const file = process.env.PORTABLE_TEST_HEAP;
    writeFileSync(`${file}.new`, `${heapUsed + arrayBuffers}`);
    renameSync(`${file}.new`, file);
});
