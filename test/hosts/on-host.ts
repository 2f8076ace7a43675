import type { TestHost } from ".";

/** Runs a shell command as root and returns its trimmed output; throws if it fails. */
export async function onHost(host: TestHost, command: string, input?: string): Promise<string> {
    const { code, stdout, stderr } = await host.exec(command, { input });
    if (code !== 0) throw new Error(`exit status ${code} of ${command}: ${stderr}`);
    return stdout.trim();
}
