/** The last lines of a test run: which engines ran the programs, and `N passed, N failed` alone on a line. */
module.exports = class SummaryReporter {
    onRunComplete(_contexts, results) {
        const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = results;
        const { existsSync } = require("node:fs");
        const { delimiter, join } = require("node:path");
        const has = (program) =>
            (process.env.PATH ?? "").split(delimiter).some((directory) => existsSync(join(directory, program)));
        const hasPulumi = has("pulumi");
        console.log(
            hasPulumi
                ? "\nEngines: the stand-in engine and the Pulumi CLI."
                : "\nEngines: the stand-in engine only. There is no `pulumi` on PATH, so what says (pulumi) was not confirmed on the Pulumi CLI.",
        );
        const notRun = [
            ...(has("javac") && has("mvn") ? [] : ["Java (no JDK and Maven)"]),
            ...(has("dotnet") ? [] : ["C# (no dotnet)"]),
        ];
        if (notRun.length > 0)
            console.log(`Programs in these languages were not run or compiled: ${notRun.join(", ")}.`);
        console.log(
            `${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed${numPendingTests > 0 ? `, ${numPendingTests} skipped` : ""}`,
        );
    }
};
