import { execFileSync } from "node:child_process";
import { createCipheriv, randomUUID } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestHost } from "../hosts";
import { onHost } from "../hosts/on-host";
import { fileAsset, type Json } from "./deployment";
import { Provider, type ProviderOptions } from "./provider";

export { bootTimeoutMs } from "../hosts/booted";
export { onHost };

const example = join(__dirname, "../../examples/hello");

/** A program that prints a reason and fails. */
const crash = '#include <stdio.h>\nint main() { fputs("no such luck\\n", stderr); return 7; }';

/** A program that waits for its end. */
const idle = "#include <unistd.h>\nint main() { pause(); }";

const planned: HelloProgram[] = [];
afterAll(() => {
    for (const program of planned) program.remove();
});

/** The program of examples/hello in a directory of this file of tests alone, removed at its end. */
export class HelloProgram {
    readonly directory = join(tmpdir(), `portable-test-hello-${randomUUID()}`);

    private constructor() {
        planned.push(this);
    }

    /** A program whose directory is named, but filled only by `make`, in a hook. */
    static planned(): HelloProgram {
        return new HelloProgram();
    }

    static make(): HelloProgram {
        const program = new HelloProgram();
        program.make();
        return program;
    }

    make(): void {
        cpSync(join(example, "units"), join(this.directory, "units"), { recursive: true });
        mkdirSync(join(this.directory, "bin"));
        execFileSync("cc", ["-static", "-O2", "-o", join(this.directory, "bin/hello"), join(example, "hello.c")]);
        this.compile("crash", crash);
        this.compile("idle", idle);
    }

    /** Makes a static program of the C source at `bin/<name>`. */
    compile(name: string, source: string): void {
        const output = join(this.directory, "bin", name);
        execFileSync("cc", ["-static", "-w", "-xc", "-o", output, "-"], { input: source });
    }

    read(path: string): string {
        return readFileSync(join(this.directory, path), "utf8");
    }

    write(path: string, content: string | Uint8Array): void {
        mkdirSync(dirname(join(this.directory, path)), { recursive: true });
        writeFileSync(join(this.directory, path), content);
    }

    /** Writes a file `ballast` of that size, which can't be compressed and is the same each time. */
    writeBallast(bytes: number): void {
        const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16));
        this.write("ballast", cipher.update(Buffer.alloc(bytes)));
    }

    remove(): void {
        rmSync(this.directory, { recursive: true, force: true });
    }

    /** A started provider whose relative paths start in the program's directory. */
    provider(options: Omit<ProviderOptions, "directory"> = {}): Promise<Provider> {
        return Provider.start({ directory: this.directory, ...options });
    }
}

/** A program that a hook makes before the tests. */
export function helloProgram(): HelloProgram {
    const program = HelloProgram.planned();
    beforeAll(() => program.make());
    return program;
}

/** Logs in as root with nothing left to ssh_config. */
export function connectionTo(host: TestHost): Json {
    return {
        host: host.address,
        hostKey: host.hostKey,
        privateKey: readFileSync(host.privateKeyPath, "utf8"),
        dialErrorLimit: 3,
    };
}

/** Inputs of the PortableImage; each mark makes another content, `program` is `hello` or `crash`. */
export function image(connection: Json, { version = "1.0", name = "hello", mark = "", program = "hello" } = {}): Json {
    return {
        name,
        version,
        source: {
            files: {
                units: [`units/${name}.service`, `units/${name}.socket`],
                tree: {
                    [`/usr/bin/${program}`]: { asset: fileAsset(`bin/${program}`), mode: "0755" },
                    "/usr/share/mark": { content: mark },
                },
                substitutions: { helloExe: `/usr/bin/${program}` },
            },
        },
        connection,
    };
}

/** An Environment= drop-in that belongs to the service. */
export function inlineName(name: string, unit = "hello.service"): Json {
    return { unit, sections: { Service: { Environment: { NAME: name } } } };
}

/** A service of the host itself that can be reloaded, enabled by nobody, running. */
export async function makeToyService(host: TestHost, name = "toy", { execReload = "/bin/true" } = {}): Promise<void> {
    const unit = `[Service]\nExecStart=/bin/sleep infinity\n${execReload ? `ExecReload=${execReload}\n` : ""}`;
    await onHost(
        host,
        `cat >/etc/systemd/system/${name}.service && systemctl daemon-reload && systemctl start ${name}`,
        unit,
    );
}

/**
 * The same once no operation is at work there: one that has its answer may still tidy. Not on file descriptor 9, by which
 * the shim of test/resilience knows an operation.
 */
export const atRest = (host: TestHost, command: string) => onHost(host, `exec 7</var/lib/private; flock 7; ${command}`);

export const mainPid = (host: TestHost, unit: string) => onHost(host, `systemctl show -p MainPID --value ${unit}`);
