import { failure, fileAsset, type Json } from "./deployment";
import { atRest, inlineName, mainPid, onHost } from "./hello";
import { helloHost } from "./hello-host";

/** Writes its argument and the running version to the service's data; with the argument `fail` it fails at once. */
const MIGRATE = `
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int count, char **words) {
    char path[200];
    printf("migrating for %s\\n", getenv("NAME"));
    if (count > 2 && strcmp(words[2], "fail") == 0) { fprintf(stderr, "the data is too old\\n"); return 3; }
    if (count > 2 && strcmp(words[2], "wait") == 0) { signal(SIGTERM, SIG_IGN); for (;;) pause(); }
    snprintf(path, sizeof path, "%s/version", getenv("STATE_DIRECTORY"));
    FILE *file = fopen(path, "a");
    if (!file) { perror(path); return 1; }
    fprintf(file, "%s by %s, root %d\\n", words[1], getenv("NAME"), getuid() == 0);
    return fclose(file);
}`;

const { program, provider, host, connection, expectUntouched } = helloHost({
    prepare: () => program.compile("migrate", MIGRATE),
});
const hello = provider.resource("PortableImage", "hello");
const service = provider.resource("AttachedService", "hello");

const imageOf = (version: string, main = "hello"): Json => ({
    version,
    source: {
        files: {
            units: [
                {
                    name: "hello.service",
                    text: `[Service]\nType=notify\nExecStart=/usr/bin/${main}\nDynamicUser=yes\nRuntimeDirectory=hello\nStateDirectory=hello\n[Install]\nWantedBy=multi-user.target\nAlias=www.service\n`,
                },
                "units/hello.socket",
            ],
            tree: Object.fromEntries(
                ["hello", "crash", "migrate"].map((name) => [
                    `/usr/bin/${name}`,
                    { asset: fileAsset(`bin/${name}`), mode: "0755" },
                ]),
            ),
        },
    },
    connection,
});

const inputs = (to: string, { name = to, fails = false, waits = false, more = {} as Json } = {}): Json => ({
    image: hello.outputs.path,
    dropIns: [inlineName(name)],
    beforeSwitch: {
        command: ["/usr/bin/migrate", to, ...(fails ? ["fail"] : []), ...(waits ? ["wait"] : [])],
        unit: "www.service",
    },
    connection,
    ...more,
});

const data = () => onHost(host, "cat /var/lib/hello/version");
const page = async () => (await host.http(8080, "/")).body;

test("the command runs in each new image, with the service's data, user and environment, while the old one is running", async () => {
    await hello.up(imageOf("1"));
    await service.up(inputs("one"));
    expect(await data()).toBe("one by one, root 0");
    expect(await page()).toBe("Hello, one!\n");

    await hello.up(imageOf("2"));
    const since = await onHost(host, "date +%s.%N");
    await service.up(inputs("two"));
    expect(await data()).toBe("one by one, root 0\ntwo by two, root 0");
    expect(await page()).toBe("Hello, two!\n");
    const journal = await onHost(host, `journalctl -q -o cat --since @${since} | grep -E '^migrating|^Stopp.* hello'`);
    expect(journal.split("\n")[0]).toBe("migrating for two");
    expect(journal).toContain("Stopping hello.service");
    expect(await onHost(host, "systemctl list-units --all --plain --no-legend 'pulumi-portable-before*'")).toBe("");

    // A changed drop-in is no new image, so the command isn't run.
    await service.up(inputs("two", { name: "Ada" }));
    expect(await page()).toBe("Hello, Ada!\n");
    expect((await data()).split("\n")).toHaveLength(2);
});

test("a command that fails prevents the switch, and the service isn't restarted", async () => {
    const serving = hello.outputs.path;
    const pid = await mainPid(host, "hello.service");
    await hello.up(imageOf("3"));
    for (const rollback of ["always", "unlessMigrated"]) {
        const failed = await failure(service.up(inputs("three", { fails: true, more: { rollback } })));
        expect(failed.isPartial).toBe(true);
        expect(failed.message).toContain("the command before the switch, /usr/bin/migrate, failed");
        expect(failed.message).toContain("the data is too old");
        expect(failed.message).toContain(`The image, drop-ins and files were rolled back: ${serving} is running.`);
        expect(service.outputs.serving).toBe(serving);
        expect(await mainPid(host, "hello.service")).toBe(pid);
        expect(await page()).toBe("Hello, Ada!\n");
    }
    expect(await data()).not.toContain("three");
});

test("a command that never ends is killed at the time limit, prevents the switch, and doesn't keep the lock", async () => {
    const serving = service.outputs.serving;
    const pid = await mainPid(host, "hello.service");
    service.timeoutSeconds = 30;
    const failed = await failure(service.up(inputs("three", { waits: true })));
    service.timeoutSeconds = 0;
    expect(failed.message).toContain("the command before the switch, /usr/bin/migrate, failed");
    expect(failed.message).toContain("not done when the time for it was up");
    expect(failed.message).toContain(`The image, drop-ins and files were rolled back: ${serving} is running.`);
    expect(await mainPid(host, "hello.service")).toBe(pid);
    expect(await atRest(host, "pgrep -x migrate || echo none")).toBe("none");
}, 120_000);

test("a release that fails after its migration is rolled back with `always`, and the data stays migrated", async () => {
    const serving = service.outputs.serving;
    await hello.up(imageOf("4", "crash"));
    const failed = await failure(service.up(inputs("four")));
    expect(failed.message).toContain("no such luck");
    expect(failed.message).toContain(
        `The image, drop-ins and files were rolled back: ${serving} is running. Data that the new version has written stays as it is.`,
    );
    expect(await data()).toContain("four by four");
    expect(await page()).toBe("Hello, Ada!\n");
});

test("a release that fails after its migration stays attached with `unlessMigrated`, until a fixed one replaces it", async () => {
    const before = service.outputs.serving as string;
    await hello.up(imageOf("5", "crash"));
    const five = hello.outputs.path;
    const failed = await failure(service.up(inputs("five", { more: { rollback: "unlessMigrated" } })));
    expect(failed.isPartial).toBe(true);
    expect(failed.message).toContain("no such luck");
    expect(failed.message).toContain(
        "The new image stays attached, since beforeSwitch has run and `rollback` is unlessMigrated: the previous image is still on the host, for you to decide.",
    );
    expect(service.outputs.serving).toBe(five);
    expect(await onHost(host, "systemctl show -p RootImage --value hello.service")).toBe(five);
    expect(await onHost(host, "cat /var/lib/pulumi-portable/services/hello")).toContain(
        "why stopped (failed): the data is migrated",
    );
    expect(await onHost(host, `ls ${before}`)).toBe(before);
    expect(await service.refresh()).toBe(true);
    expect(service.initErrors).toContain(
        `hello.service is failed (failed) on ${host.address}: \`pulumi up\` repairs it`,
    );

    await hello.up(imageOf("6"));
    await service.up(inputs("six", { more: { rollback: "unlessMigrated" } }));
    expect(await page()).toBe("Hello, six!\n");
    expect(service.initErrors).toEqual([]);
});

test("destroy leaves nothing but the service's data", async () => {
    await provider.destroyAll();
    await onHost(host, "rm -rf /var/lib/hello /var/lib/private/hello");
    await expectUntouched();
});
