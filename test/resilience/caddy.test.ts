import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ansibleContenders } from "../../bench/by-hand";
import { caddyPrograms } from "../acceptance/caddy";
import { bootedHost } from "../hosts/booted";
import { type Deployment, fileAsset, type Json } from "../lifecycle/deployment";
import { bootTimeoutMs, connectionTo, helloProgram, onHost } from "../lifecycle/hello";
import { Provider } from "../lifecycle/provider";
import { report } from "./figures";
import { type Seen, underLoad } from "./load";
import { isSoak, suites } from "./soak";

/*
 * Counts the requests that clients lose while the socket-activated Caddy of examples/caddyplugins is updated. An update
 * by this provider loses none. A soak also measures other ways to deploy the same images, and Caddy without the example's
 * `drain`: net/http sometimes closes a connection that it accepted just before it exits. The soak reports what they lose
 * and expects nothing of it.
 */

const UPDATES = isSoak ? 20 : 5;
const NAME = "caddyplugins";
const example = join(__dirname, "../../examples/caddyplugins");
const units = join(example, "units");
const caddyfile = readFileSync(join(example, "Caddyfile"), "utf8");

/** Shell programs that replace the attached image $2 with $1. */
const BY_HAND = {
    "portablectl detach --now, attach --enable --now":
        "portablectl -q detach --now $2; portablectl -q attach --enable --now $1",
    "portablectl reattach --now": "portablectl -q reattach --now $1",
    "portablectl reattach, systemctl restart of service and socket": `portablectl -q reattach $1; systemctl restart ${NAME}.service ${NAME}.socket`,
    "portablectl reattach, systemctl restart of the service": `portablectl -q reattach $1; systemctl restart ${NAME}.service`,
};

const program = helloProgram();
const provider = new Provider({ directory: program.directory });
beforeAll(async () => {
    await provider.start();
    caddyPrograms();
}, 600_000);

describe.each(suites)("on %s", (suite) => {
    const host = bootedHost({ suite });
    let connection: Json;
    let service: Deployment;
    let images: string[] = [];

    beforeAll(async () => {
        connection = connectionTo(host);
        images = await bothImages(caddyfile);
        service = provider.resource("AttachedService", `${NAME}-${suite}`);
    }, bootTimeoutMs);

    /** Uploads two versions of the image and returns their paths on the host. */
    async function bothImages(configuration: string): Promise<string[]> {
        const paths: string[] = [];
        for (const version of ["1", "2"]) {
            const pointer = provider.resource("PortableImage", `${NAME}-${suite}-${version}`);
            await pointer.up(imageOf(version, configuration.replace("Hello, world!", `Hello from ${version}`)));
            paths.push(pointer.outputs.path as string);
        }
        return paths;
    }
    const imageOf = (version: string, content: string): Json => ({
        name: NAME,
        version,
        source: {
            files: {
                units: [join(units, `${NAME}.service`), join(units, `${NAME}.socket`)],
                tree: {
                    "/usr/bin/caddy": { asset: fileAsset(join(caddyPrograms(), "caddy")), mode: "0755" },
                    "/etc/caddy/Caddyfile": { content },
                },
            },
        },
        connection,
    });
    const page = async () => (await host.http(80, "/")).body;

    /** Pauses between updates in a soak: StartLimitBurst= allows a unit five starts within 10 s. */
    async function measure(way: string, update: (path: string, before: string) => Promise<unknown>): Promise<Seen> {
        const load = await underLoad(host, 80, async () => {
            for (let count = 1; count <= UPDATES; count++) {
                await update(images[count % 2] as string, images[(count + 1) % 2] as string);
                await new Promise((done) => setTimeout(done, isSoak ? 2000 : 0));
            }
        });
        const afterwards = await host.http(80, "/").then(
            ({ status }) => `answers ${status}`,
            () => "no answer",
        );
        report("Caddy", { way, updates: UPDATES, ...load, afterwards });
        expect(load.sent).toBeGreaterThan(load.seconds * 190);
        return load;
    }

    async function measureProvider(way: string): Promise<Seen> {
        await service.up({ image: images[0], connection });
        const load = await measure(way, async (path) => {
            await service.up({ image: path, connection });
            expect(service.outputs.gapless).toBe(true);
            expect(await page()).toBe(`Hello from ${images.indexOf(path) + 1}`);
        });
        await service.destroy();
        return load;
    }

    test("an update by this provider loses no request", async () => {
        const { lost, reasons } = await measureProvider(`**pulumi-portable**, Debian ${suite}`);
        expect({ lost, reasons }).toEqual({ lost: 0, reasons: {} });
    }, 900_000);

    (isSoak ? test : test.skip)(
        "an update by this provider of Caddy without drain loses at most the request that Caddy closes as it exits",
        async () => {
            const imagesWithDrain = images;
            images = await bothImages(caddyfile.slice(caddyfile.indexOf("http://")));
            const { reasons } = await measureProvider(`pulumi-portable, Caddy without \`drain\`, Debian ${suite}`);
            const { "socket hang up": hungUp = 0, ...others } = reasons;
            expect(others).toEqual({});
            expect(hungUp).toBeLessThanOrEqual(UPDATES);
            images = imagesWithDrain;
        },
        900_000,
    );

    (isSoak && suite === "bookworm" ? describe : describe.skip)("by hand", () => {
        /** Detaches whatever the last test left, then attaches and starts the first image. */
        beforeEach(async () => {
            await onHost(
                host,
                `systemctl stop ${NAME}.socket ${NAME}.service; systemctl reset-failed; for image in ${images.join(" ")}; do portablectl -q detach "$image" 2>/dev/null; done
                portablectl -q attach --enable ${images[0]} && systemctl daemon-reload && systemctl start ${NAME}.socket ${NAME}.service`,
            );
        }, 60_000);

        test.each(Object.entries(BY_HAND))(
            "%s",
            async (way, commands) => {
                await measure(way, (path, before) => host.ssh(`set -- ${path} ${before}; ${commands}`));
            },
            900_000,
        );

        test("Ansible", async () => {
            const directory = mkdtempSync(join(tmpdir(), "portable-test-ansible-"));
            try {
                const { sshConfigPath } = host;
                const [ansible] = await ansibleContenders({ directory, sshConfigPath, service: NAME });
                if (ansible === undefined || "missing" in ansible) return console.log(ansible?.missing);
                const local = new Map<string, string>();
                for (const path of images) {
                    const file = join(directory, path.split("/").pop() as string);
                    writeFileSync(file, Buffer.from(await onHost(host, `base64 ${path}`), "base64"));
                    local.set(path, file);
                }
                await measure("Ansible: copy, template, reattach, restart of the service", async (path) => {
                    await ansible.deploy([host], { image: local.get(path) as string, name: "x", release: "" });
                });
            } finally {
                rmSync(directory, { recursive: true, force: true });
            }
        }, 900_000);
    });
});
