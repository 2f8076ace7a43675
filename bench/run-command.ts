import { spawn } from "node:child_process";

/** Longest time that one command of the benchmark may take. */
const limitMs = 120_000;

/**
 * Runs a command to its end and gives its standard output.
 * @throws Error with all that it said, when it fails or takes over two minutes
 */
export function runCommand(
    program: string,
    args: readonly string[],
    { cwd, env }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], timeout: limitMs });
        let stdout = "";
        let stderr = "";
        child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
        child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
        child.on("error", reject);
        child.on("close", (code) => {
            if (code === 0) resolve(stdout);
            else reject(new Error(`${program} ${args.join(" ")}: exit status ${code}\n${stdout}${stderr}`));
        });
    });
}

/** The first line that the command prints, or undefined where it isn't there or fails. */
export async function firstLine(program: string, args: readonly string[]): Promise<string | undefined> {
    return await runCommand(program, args).then(
        (text) => text.split("\n")[0],
        () => undefined,
    );
}
