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

/** A program that does nothing until it is killed. */
const idle = "#include <unistd.h>\nint main() { pause(); }";

const planned: HelloProgram[] = [];
afterAll(() => {
    for (const program of planned) program.remove();
});

/** A copy of the Pulumi program of examples/hello in a directory that only one test file uses; removed after its tests. */
export class HelloProgram {
    readonly directory = join(tmpdir(), `portable-test-hello-${randomUUID()}`);

    private constructor() {
        planned.push(this);
    }

    /** Only picks the name of the directory; a hook fills it by `make`. */
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

    /** Compiles the C source statically to `bin/<name>`. */
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

    /** Writes a file `ballast` of incompressible bytes, the same ones each time. */
    writeBallast(bytes: number): void {
        const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16));
        this.write("ballast", cipher.update(Buffer.alloc(bytes)));
    }

    remove(): void {
        rmSync(this.directory, { recursive: true, force: true });
    }

    /** Starts a provider that resolves relative paths in the program's directory. */
    provider(options: Omit<ProviderOptions, "directory"> = {}): Promise<Provider> {
        return Provider.start({ directory: this.directory, ...options });
    }
}

/** A HelloProgram that a hook fills before the tests. */
export function helloProgram(): HelloProgram {
    const program = HelloProgram.planned();
    beforeAll(() => program.make());
    return program;
}

/** Connection as root that takes nothing from ssh_config. */
export function connectionTo(host: TestHost): Json {
    return {
        host: host.address,
        hostKey: host.hostKey,
        privateKey: readFileSync(host.privateKeyPath, "utf8"),
        dialErrorLimit: 3,
    };
}

/** Inputs of a PortableImage. Images with different marks differ in content; `program` is a file in `bin/`. */
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

/** Starts a service of the host itself that can be reloaded and isn't enabled. */
export async function makeToyService(host: TestHost, name = "toy", { execReload = "/bin/true" } = {}): Promise<void> {
    const unit = `[Service]\nExecStart=/bin/sleep infinity\n${execReload ? `ExecReload=${execReload}\n` : ""}`;
    await onHost(
        host,
        `cat >/etc/systemd/system/${name}.service && systemctl daemon-reload && systemctl start ${name}`,
        unit,
    );
}

/**
 * onHost once the lock is free: an operation may still clean up after it has reported its result. Locks on file descriptor
 * 7, as the shim of test/resilience takes a process with the lock on 9 for an operation.
 */
export const atRest = (host: TestHost, command: string) => onHost(host, `exec 7</var/lib/private; flock 7; ${command}`);

export const mainPid = (host: TestHost, unit: string) => onHost(host, `systemctl show -p MainPID --value ${unit}`);
