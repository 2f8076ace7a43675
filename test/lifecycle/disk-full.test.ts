import { diffSnapshots } from "../hosts";
import { failure } from "./deployment";
import { image, onHost } from "./hello";
import { helloHost } from "./hello-host";

const { provider, host, connection } = helloHost({ toy: true });

/** Runs with a tiny file system over the directory; the snapshots show what the run leaves there. */
async function withTiny<T>(directory: string, options: string, run: () => Promise<T>): Promise<T> {
    // systemd hears of a mount a moment later.
    await onHost(
        host,
        `mkdir -p ${directory} && mount -t tmpfs -o mode=0755,${options} tiny ${directory} && timeout 10 sh -c 'until systemctl -q is-active ${directory.slice(1).replaceAll("/", "-")}.mount; do sleep 0.1; done'`,
    );
    try {
        const before = await host.snapshot();
        const result = await run();
        expect(diffSnapshots(before, await host.snapshot())).toEqual([]);
        return result;
    } finally {
        await onHost(host, `umount ${directory}`);
    }
}

test("no room for the image", async () => {
    const failed = await withTiny("/var/lib", "size=200k", () =>
        failure(provider.resource("PortableImage", "hello").up(image(connection))),
    );
    expect(failed.isPartial).toBe(false);
    expect(failed.message).toMatch(
        new RegExp(
            `^PortableImage hello, host ${host.address}: there is no room for the image /var/lib/portables/hello_1.0-[0-9a-f]{12}.raw: it has 0.3 MB, and 0.2 MB are free on /var/lib. Make room there; nothing was changed.$`,
        ),
    );
});

test("a disk that fills up during the upload keeps nothing of it", async () => {
    const failed = await withTiny("/var/lib", "size=400k,nr_inodes=5", () =>
        failure(provider.resource("PortableImage", "hello").up(image(connection))),
    );
    expect(failed.isPartial).toBe(false);
    expect(failed.message).toMatch(
        new RegExp(
            `^PortableImage hello, host ${host.address}: root@${host.address}:22 can't write /var/lib/pulumi-portable/incoming/[\\w-]+/hello_1.0-[0-9a-f]{12}.raw there over SFTP. Check that the directory is there, that the login may write to it, and that the disk has room. It reported: Failure$`,
        ),
    );
});

test("no room for a host file: everything is as before", async () => {
    const dropIn = provider.resource("DropIn", "toy");
    const files = { "/etc/toy/small": { content: "x" }, "/etc/toy/large": { content: "x".repeat(20_000) } };
    const failed = await withTiny("/etc/toy", "size=16k", () =>
        failure(dropIn.up({ unit: "toy.service", sections: { Service: { Nice: 1 } }, files, connection })),
    );
    expect(failed.isPartial).toBe(true);
    expect(failed.message).toContain("writing /etc/toy/large failed");
    expect(failed.message).toContain("No space left on device");
    expect(failed.message).toContain("The drop-in and files were rolled back, and toy.service is as before.");
});

test("a file system that is read-only: no image is sent", async () => {
    await onHost(host, "mount --bind /var/lib /var/lib && mount -o remount,ro,bind /var/lib");
    const failed = await failure(provider.resource("PortableImage", "hello").up(image(connection)));
    await onHost(host, "umount /var/lib");
    expect(failed.isPartial).toBe(false);
    expect(failed.message).toBe(
        `PortableImage hello, host ${host.address}: no directory to upload to could be made in /var/lib. Make room there, or let root write there; nothing was changed. It reported: mkdir: cannot create directory '/var/lib/pulumi-portable': Read-only file system`,
    );
});

describe("no room in /run, where systemd reads drop-ins before they are written", () => {
    const dropIn = provider.resource("DropIn", "toy");
    const service = provider.resource("AttachedService", "hello");
    const hello = provider.resource("PortableImage", "hello");
    const sections = { Service: { Nice: 1 } };
    beforeAll(async () => {
        await hello.up(image(connection));
        await onHost(host, "mount -o remount,size=32M /run && head -c 1G /dev/zero >/run/full || true");
    });
    afterAll(async () => {
        await onHost(host, "rm /run/full; mount -o remount,size=20% /run");
        await hello.destroy();
    });

    test.each([
        ["a drop-in", () => dropIn.up({ unit: "toy.service", sections, connection })],
        [
            "a service",
            () =>
                service.up({
                    image: hello.outputs.path,
                    dropIns: [{ unit: "hello.service", sections }],
                    connection,
                }),
        ],
    ])("%s is refused, and nothing is changed", async (_, up) => {
        const failed = await failure(up());
        expect(failed.isPartial).toBe(false);
        expect(failed.message).toContain(
            `host ${host.address}: /run can't be written. Make room there (\`df -h /run; df -i /run\`); nothing was changed.`,
        );
    });
});

test("no room for the records: nothing is begun", async () => {
    const dropIn = provider.resource("DropIn", "toy");
    const failed = await withTiny("/var/lib", "size=64k,nr_inodes=3", () =>
        failure(dropIn.up({ unit: "toy.service", sections: { Service: { Nice: 1 } }, connection })),
    );
    expect(failed.message).toContain("writing the record failed");
    expect(failed.message).toContain("No space left on device");
    expect(await onHost(host, "ls -d /etc/systemd/system/toy.service.d 2>/dev/null || true")).toBe("");
});
