import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bootedHost } from "../hosts/booted";
import { type Deployment, failure, type Json } from "../lifecycle/deployment";
import { bootTimeoutMs, connectionTo, helloProgram, image, inlineName, onHost } from "../lifecycle/hello";
import { Provider } from "../lifecycle/provider";
import { suites } from "./soak";

/*
 * Releases that fail in different ways: in each case the run fails, the previous release is running again within the time
 * limit of the update, and the state says so.
 */

const hello = readFileSync(join(__dirname, "../../examples/hello/hello.c"), "utf8");

/** Sources of the releases' programs, in C. */
const PROGRAMS = {
    crash: '#include <stdio.h>\nint main() { fputs("no such luck\\n", stderr); return 7; }',
    answers500: hello.replace("200 OK", "500 Internal Server Error"),
    hangs: "#include <unistd.h>\nint main() { for (;;) pause(); }",
    // Reports that it is ready and crashes a moment later. With Restart=always its unit never gets the state "failed".
    dies: hello.replace('notify("READY=1");', 'notify("READY=1"); usleep(200000); abort();'),
    cutsNetwork: readFileSync(join(__dirname, "cuts-network.c"), "utf8"),
};

const program = helloProgram();
const provider = new Provider({ directory: program.directory });
beforeAll(async () => {
    for (const [name, text] of Object.entries(PROGRAMS)) program.compile(name, text);
    await provider.start();
});

describe.each(suites)("on %s", (suite) => {
    const host = bootedHost({ suite });
    let connection: Json;
    let pointer: Deployment;
    let service: Deployment;
    let good: string;

    beforeAll(async () => {
        connection = connectionTo(host);
        pointer = provider.resource("PortableImage", `hello-${suite}`);
        service = provider.resource("AttachedService", `hello-${suite}`);
        await pointer.up(image(connection));
        good = pointer.outputs.path as string;
        await service.up(inputs(good, "good"));
    }, bootTimeoutMs);

    const inputs = (path: string, name: string): Json => ({ image: path, dropIns: [inlineName(name)], connection });

    /** Updates to a release that must fail; returns the error message and how long the update took. */
    async function deployBad(
        name: keyof typeof PROGRAMS,
        timeoutSeconds: number,
        more: Json = {},
    ): Promise<{ message: string; seconds: number }> {
        await pointer.up(image(connection, { mark: name, program: name }));
        service.timeoutSeconds = timeoutSeconds;
        const began = performance.now();
        const failed = await failure(service.up({ ...inputs(pointer.outputs.path as string, "bad"), ...more }));
        const seconds = (performance.now() - began) / 1000;
        service.timeoutSeconds = 0;
        expect(failed.isPartial).toBe(true);
        return { message: failed.message, seconds };
    }

    /** Expects the previous release in the answer, the units, the record on the host, the state and a refresh. */
    async function expectGood(): Promise<void> {
        expect((await host.http(8080, "/")).body).toBe("Hello, good!\n");
        expect(service.outputs.serving).toBe(good);
        expect(await onHost(host, "systemctl show -p RootImage --value hello.service")).toBe(good);
        expect(await onHost(host, "cat /etc/systemd/system/hello.service.d/*.conf")).toContain("NAME=good");
        expect(await onHost(host, "systemctl list-units --plain --no-legend 'pulumi-portable*'")).toBe("");
        expect(await onHost(host, "sed -n 's/^serving //p' /var/lib/pulumi-portable/services/hello")).toBe(good);
        expect(await service.refresh()).toBe(true);
        expect(service.outputs.serving).toBe(good);
        expect(service.initErrors).toEqual([]);
    }

    const rolledBack = () => `The image, drop-ins and files were rolled back: ${good} is running.`;

    test("a release that crashes at start is rolled back", async () => {
        const { message, seconds } = await deployBad("crash", 30);
        expect(message).toContain("no such luck");
        expect(message).toContain(rolledBack());
        expect(seconds).toBeLessThan(30);
        await expectGood();
    });

    test("a release that crashes and is restarted again and again is rolled back", async () => {
        const restart = { unit: "hello.service", name: "restart.conf", sections: { Service: { Restart: "always" } } };
        const { message, seconds } = await deployBad("dies", 30, {
            dropIns: [inlineName("bad"), restart],
            health: { stableSeconds: 2 },
        });
        expect(message).toContain("keeping hello.service up failed");
        expect(message).toContain(rolledBack());
        expect(seconds).toBeLessThan(30);
        await expectGood();
    });

    test("a release that starts and answers 500 is rolled back", async () => {
        const { message, seconds } = await deployBad("answers500", 40, {
            health: { http: { port: 8080 }, timeoutSeconds: 3 },
        });
        expect(message).toContain("http://127.0.0.1:8080/ answered 500, 3 s after the start");
        expect(message).toContain(rolledBack());
        expect(seconds).toBeLessThan(40);
        await expectGood();
    });

    test("a release that hangs at start is rolled back", async () => {
        const { message, seconds } = await deployBad("hangs", 20);
        expect(message).toContain(
            "not done when the time for it was up (10 s in all, with time kept for the rollback)",
        );
        expect(message).toContain(rolledBack());
        expect(seconds).toBeLessThan(20);
        await expectGood();
    });

    test("a release that cuts the host's network is rolled back", async () => {
        const asRoot = { Service: { User: "root", DynamicUser: false, Environment: { NAME: "bad" } } };
        const { message, seconds } = await deployBad("cutsNetwork", 40, {
            profile: "trusted",
            dropIns: [{ unit: "hello.service", sections: asRoot }],
        });
        expect(message).toContain("nobody who could still reach the host confirmed it");
        expect(message).toContain(rolledBack());
        expect(seconds).toBeLessThan(40);
        await expectGood();
    });
});
