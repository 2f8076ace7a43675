import { resolveSource } from "../../../provider/image/image";
import { sentence } from "../sentences";
import { type Kind, type Part, sourceOf, UNITS } from "./os-tree";

const SERVICE = "[Service]\nExecStart=/usr/bin/hello\n";
const KINDS: Kind[] = ["directory", "raw", "erofs"];

async function resolved(kind: Kind, parts: Record<string, Part | undefined>, instance?: string) {
    const { programDirectory, source } = await sourceOf(kind, parts);
    return resolveSource(source, { name: "hello", version: "1", programDirectory, instance });
}

test.each(KINDS)(
    "%s: a unit that is a link into the image is shown with the text that portabled attaches",
    async (kind) => {
        const { unitTexts, failures } = await resolved(kind, {
            "/usr/lib/hello/hello.service": SERVICE,
            [`${UNITS}/hello.service`]: "-> ../../hello/hello.service",
            [`${UNITS}/hello-www.service`]: "-> hello.service",
            "/opt/hello-web.service": SERVICE,
            "/etc/systemd/system/hello-web.service": "-> ../../../opt/hello-web.service",
        });
        expect(failures).toEqual([]);
        expect(unitTexts).toEqual({
            "hello.service": SERVICE,
            "hello-www.service": SERVICE,
            "hello-web.service": SERVICE,
        });
    },
);

const HOST =
    "which portabled would follow on the host: an absolute link, or one that leads out of the image. Put the unit file itself there, or a relative link to it in the image.";

/** Target of a link, the link, and the expected finding. */
const REFUSED: [string, Record<string, Part>, string][] = [
    [
        "a file of the host",
        { "hello-side.service": "-> /etc/secret.conf" },
        `hello-side.service: it is a symbolic link to /etc/secret.conf, ${HOST}`,
    ],
    [
        "a file of the image, by an absolute link",
        { "hello-side.service": `-> ${UNITS}/hello.service` },
        `hello-side.service: it is a symbolic link to ${UNITS}/hello.service, ${HOST}`,
    ],
    [
        "out of the image",
        { "hello-side.service": "-> ../../../../../etc/secret.conf" },
        `hello-side.service: it is a symbolic link to ../../../../../etc/secret.conf, ${HOST}`,
    ],
    [
        "a link that leads out of it",
        { "hello-side.service": "-> other", other: "-> /usr/lib/hello/x" },
        `hello-side.service: it is a symbolic link to other, ${HOST}`,
    ],
    [
        "nothing",
        { "hello-side.service": "-> gone.service" },
        "hello-side.service: it is a symbolic link to gone.service, and the image has no such file. Add the file, or remove the link.",
    ],
    [
        "a directory",
        { "hello-side.service": "-> ../../hello" },
        "hello-side.service: it is a symbolic link to ../../hello, which is a directory. Let it lead to a unit file, or remove it.",
    ],
    [
        "itself",
        { "hello-side.service": "-> hello-side.service" },
        "hello-side.service: it is a symbolic link to hello-side.service, a circle of symbolic links. Put the unit file itself there.",
    ],
];

test.each(REFUSED)("a unit that is a link to %s is refused", async (_, links, expected) => {
    const parts = Object.fromEntries(Object.entries(links).map(([name, link]) => [`${UNITS}/${name}`, link]));
    for (const kind of ["directory", "raw"] as const) {
        const { failures } = await resolved(kind, { "/usr/lib/hello/x": "x", ...parts });
        expect(failures.map(sentence)).toEqual([expected]);
    }
});

test("a refused link that is the only unit is the only finding", async () => {
    const { failures } = await resolved("directory", { [`${UNITS}/hello.service`]: "-> /lib/hello.service" });
    expect(failures.map(sentence)).toEqual([`hello.service: it is a symbolic link to /lib/hello.service, ${HOST}`]);
});

test("an instance has regular files in place of the links", async () => {
    const parts = {
        "/usr/lib/hello/hello.service": SERVICE,
        [`${UNITS}/hello.service`]: "-> ../../hello/hello.service",
        [`${UNITS}/hello.socket`]: "[Socket]\nListenStream=8080\n",
    };
    const { unitTexts, failures } = await resolved("directory", parts, "staging");
    expect(failures).toEqual([]);
    expect(Object.keys(unitTexts ?? {}).sort()).toEqual(["hello-staging.service", "hello-staging.socket"]);
});

test("drop-ins in an image draw a warning, as portabled doesn't copy them", async () => {
    const { warnings } = await resolved("directory", {
        [`${UNITS}/hello.service.d/10-more.conf`]: "[Service]\nNice=5\n",
    });
    expect(warnings.map(sentence)).toEqual([
        `hello.service: the image has the drop-in ${UNITS}/hello.service.d/10-more.conf, and portablectl attaches none of an image. Write its settings into the unit, or into a drop-in of the AttachedService.`,
    ]);
});
