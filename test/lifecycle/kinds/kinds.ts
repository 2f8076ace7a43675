import type { Suite, TestHost } from "../../hosts";
import { type Deployment, fileAsset, type Json, type Outcome } from "../deployment";
import { atRest, onHost } from "../hello";
import { type HelloHost, helloHost } from "../hello-host";

export const INSTALL = "[Install]\nWantedBy=multi-user.target\n";
/** Text of a service that does nothing until it is stopped. */
export const idle = (install = INSTALL, argument = "") => `[Service]\nExecStart=/usr/bin/idle ${argument}\n${install}`;

/** Inputs of a PortableImage `hello` with these unit texts and the programs `hello` and `idle`. */
export function imageOf(connection: Json, version: string, units: Record<string, string>): Json {
    return {
        name: "hello",
        version,
        source: {
            files: {
                units: Object.entries(units).map(([name, text]) => ({ name, text })),
                tree: {
                    "/usr/bin/hello": { asset: fileAsset("bin/hello"), mode: "0755" },
                    "/usr/bin/idle": { asset: fileAsset("bin/idle"), mode: "0755" },
                },
            },
        },
        connection,
    };
}

export interface HelloService extends HelloHost {
    readonly hello: Deployment;
    readonly service: Deployment;
    /** Deploys the image with these units, then the service with further inputs. */
    deploy(version: string, units: Record<string, string>, inputs?: Json): Promise<Outcome>;
}

/** helloHost with an image and a service, which are destroyed after each test. */
export function helloService(suite: Suite): HelloService {
    const test = helloHost({ suite, snapshot: true });
    const [hello, service] = [
        test.provider.resource("PortableImage", "hello"),
        test.provider.resource("AttachedService", "hello"),
    ];
    async function deploy(version: string, units: Record<string, string>, inputs: Json = {}) {
        await hello.up(imageOf(test.connection, version, units));
        return service.up({ image: hello.outputs.path, connection: test.connection, ...inputs });
    }
    return { ...test, hello, service, deploy };
}

/** Properties of one unit, from `systemctl show`. */
export async function shown(host: TestHost, unit: string, ...properties: string[]): Promise<Record<string, string>> {
    const lines = await onHost(host, `systemctl show -p ${properties.join(",")} -- '${unit}'`);
    return Object.fromEntries(
        lines.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const),
    );
}

/** Writes text files, with relative paths below /etc/systemd/system, and reloads the systemd configuration. */
export async function writeUnits(host: TestHost, files: Record<string, string>, then = "true"): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
        const file = path.startsWith("/") ? path : `/etc/systemd/system/${path}`;
        await onHost(host, `mkdir -p "$(dirname '${file}')" && cat >'${file}'`, text);
    }
    await onHost(host, `systemctl daemon-reload && ${then}`);
}

/** Paths of the links in /etc/systemd/system whose name or target matches the pattern. */
export async function links(host: TestHost, names = "'*hello*'"): Promise<string[]> {
    const found = await atRest(
        host,
        `cd /etc/systemd/system && find . -type l '(' -name ${names} -o -lname ${names} ')' -printf '%P\\n' | sort`,
    );
    return found.split("\n").filter((line) => line !== "");
}
