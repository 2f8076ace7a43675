import { type Deployment, failure, fileAsset, type Json } from "./deployment";
import { image, inlineName, mainPid, onHost } from "./hello";
import { helloHost } from "./hello-host";

/* Options of portablectl attach: profiles, copy modes, extensions, --runtime and --force. */

const { provider, host, connection } = helloHost({
    snapshot: true,
    prepare: () => hello.up(image(connection)),
    keep: () => [hello],
});
const hello = provider.resource("PortableImage", "hello");
let service: Deployment;
beforeEach(() => {
    service = provider.resource("AttachedService", "hello");
});

const up = (inputs: Json = {}) => service.up({ image: hello.outputs.path, connection, ...inputs });
const page = async () => (await host.http(8080, "/")).body;
const profileLink = "/etc/systemd/system.attached/hello.service.d/10-profile.conf";
const profileKind = () => onHost(host, `stat -c %F ${profileLink}`);

/** Expects that the next run and a refresh find no change. */
async function expectSettled(inputs: Json = {}): Promise<void> {
    expect(await service.refresh()).toBe(true);
    expect(service.initErrors).toEqual([]);
    expect(await up(inputs)).toEqual({ operation: "same", diff: {} });
}

test("a profile that is one of the service's files is deployed, updated and removed", async () => {
    const own = "/etc/systemd/portable/profile/own/service.conf";
    const inputs = (nice: number) => ({
        profile: "own",
        files: {
            [own]: { content: `[Service]\nDynamicUser=yes\nBindReadOnlyPaths=/run/systemd/notify\nNice=${nice}\n` },
        },
    });
    await up(inputs(3));
    expect(await onHost(host, `readlink ${profileLink}`)).toBe(own);
    const nice = async () => onHost(host, `ps -o ni= -p ${await mainPid(host, "hello.service")}`);
    expect(await nice()).toBe("3");
    expect(await page()).toBe("Hello, world!\n");
    await expectSettled(inputs(3));
    await up(inputs(4));
    expect(await nice()).toBe("4");
    await up({ profile: "default" });
    expect(await nice()).toBe("0");
    expect(await onHost(host, `ls ${own} 2>&1 || true`)).toContain("No such file");
});

test("copyMode decides whether the profile is a link or a copy, and can be changed", async () => {
    await up();
    expect(await profileKind()).toBe("symbolic link");
    expect((await up({ copy: "copy" })).operation).toBe("update");
    expect(await profileKind()).toBe("regular file");
    // A copy doesn't show the profile's name, so it comes from the record; and as in the program, the default stays unset.
    expect(await service.refresh()).toBe(true);
    expect(service.inputs).not.toHaveProperty("profile");
    await expectSettled({ copy: "copy" });
    await up({ copy: "symlink" });
    expect(await profileKind()).toBe("symbolic link");
    await expectSettled({ copy: "symlink" });
    expect(await page()).toBe("Hello, world!\n");
});

test("the copy mode `mixed` is used on systemd 256 and later, and refused before any change on older ones", async () => {
    const version = Number(await onHost(host, "systemctl --version | sed -n 's/^systemd \\([0-9]*\\).*/\\1/p'"));
    if (version >= 256) {
        await up({ copy: "mixed" });
        expect(await profileKind()).toBe("symbolic link");
        return expectSettled({ copy: "mixed" });
    }
    expect(await failure(up({ copy: "mixed" }))).toMatchObject({
        isPartial: false,
        message: `AttachedService hello, property copy, host ${host.address}: the copy mode mixed needs systemd 256, and the host has ${version}. Leave it out, or upgrade the host's system; nothing was changed.`,
    });
});

test("the units of an extension are added and removed with it, and see the files of both images", async () => {
    const french = provider.resource("PortableImage", "hello-french");
    const extension = (version: string): Json => ({
        version,
        extends: "hello",
        source: {
            files: {
                units: [
                    {
                        name: "hello-french.service",
                        text: "[Service]\nExecStart=/usr/bin/idle\n[Install]\nWantedBy=multi-user.target\n",
                    },
                ],
                tree: {
                    "/usr/bin/idle": { asset: fileAsset("bin/idle"), mode: "0755" },
                    "/usr/share/hello/fr": { content: `Bonjour ${version}` },
                },
            },
        },
        connection,
    });
    const sees = async () =>
        onHost(
            host,
            `cd /proc/${await mainPid(host, "hello-french.service")}/root/usr && cat share/hello/fr; echo; cat share/mark`,
        );
    await up();
    await french.up(extension("1"));
    const inputs = () => ({ extensions: [french.outputs.path] });
    await up(inputs());
    expect(Object.keys(service.outputs.unitStates as Json)).toEqual([
        "hello-french.service",
        "hello.service",
        "hello.socket",
    ]);
    expect(await sees()).toBe("Bonjour 1");
    expect(await page()).toBe("Hello, world!\n");
    await expectSettled(inputs());

    // An update of the image keeps the extension, which can be updated by itself.
    await hello.up(image(connection, { mark: "v2" }));
    await up(inputs());
    expect(await sees()).toBe("Bonjour 1\nv2");
    await french.up(extension("2"));
    await up(inputs());
    expect(await sees()).toBe("Bonjour 2\nv2");
    await expectSettled(inputs());

    // A failed update restores the extension.
    await hello.up(image(connection, { mark: "v3", program: "crash" }));
    const failed = await failure(up());
    expect(failed.message).toContain("The image, drop-ins and files were rolled back");
    expect(await sees()).toBe("Bonjour 2\nv2");
    expect(await page()).toBe("Hello, world!\n");

    await hello.up(image(connection));
    await up();
    expect(await onHost(host, "ls /etc/systemd/system.attached; systemctl is-active hello-french || true")).toBe(
        "hello.service\nhello.service.d\nhello.socket\nhello.socket.d\ninactive",
    );
    expect(await page()).toBe("Hello, world!\n");
    await hello.up({ ...image(connection), retain: 1 });
    await hello.up(image(connection));
    // systemd makes this directory at the first use of an extension and keeps it until the next boot.
    await onHost(host, "rm -r /run/systemd/unit-extensions");
});

test("an extension that isn't on the host is refused before any change", async () => {
    const failed = await failure(up({ extensions: ["/var/lib/portables/none_1.raw"] }));
    expect(failed.isPartial).toBe(false);
    expect(failed.message).toContain(
        `AttachedService hello, property extensions, host ${host.address}: there is no image /var/lib/portables/none_1.raw.`,
    );
});

test("with untilReboot, refresh reports the service as detached after a boot, and `up` attaches it again", async () => {
    const inputs = { untilReboot: true, dropIns: [inlineName("now")] };
    await up(inputs);
    expect(await page()).toBe("Hello, now!\n");
    expect(await onHost(host, "ls /etc/systemd/system.attached 2>/dev/null; ls /run/systemd/system.attached")).toBe(
        "hello.service\nhello.service.d\nhello.socket\nhello.socket.d",
    );
    await expectSettled(inputs);
    await host.poweroff();
    await host.boot();
    await expect(page()).rejects.toThrow("ECONNREFUSED");
    expect(await service.refresh()).toBe(true);
    expect(service.initErrors).toEqual([`hello isn't attached on ${host.address}: \`pulumi up\` repairs it`]);
    await up(inputs);
    expect(await page()).toBe("Hello, now!\n");
    await expectSettled(inputs);
});

test("force attaches an image although a process of an earlier attachment is still running", async () => {
    await up();
    await onHost(host, `portablectl -q detach --force ${hello.outputs.path}`);
    await onHost(host, "systemctl daemon-reload");
    expect(await onHost(host, "systemctl is-active hello.service")).toBe("active");
    const failed = await failure(up({ dropIns: [inlineName("two")] }));
    // portabled checks the two units in no fixed order.
    expect(failed.message).toMatch(/hello\.(service|socket)' is active already, refusing/);
    await up({ dropIns: [inlineName("two")], force: true });
    expect(await page()).toBe("Hello, two!\n");
    await expectSettled({ dropIns: [inlineName("two")], force: true });
});

test("destroying the image leaves nothing", () => hello.destroy());
