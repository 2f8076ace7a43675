import { effectOf, type ServiceUpdate } from "../../provider/resources/attached-service/preview";

/* The sentence of a preview about what an update restarts, where several inputs change at once. */

const state = (active: string) => ({ load: "loaded", active, sub: "", enablement: "enabled", links: [] });
const units = { "hello.service": state("active"), "hello.socket": state("active") } as ServiceUpdate["units"];
const path = (unit: string) => `/etc/systemd/system/${unit}.d/50-portable.conf`;
const base = {
    image: "/var/lib/portables/hello_1.raw",
    dropInTexts: { [path("hello.service")]: "[Service]\nNice=1\n" },
};
const next = { image: "/var/lib/portables/hello_2.raw" };
const backlog = { dropInTexts: { ...base.dropInTexts, [path("hello.socket")]: "[Socket]\nBacklog=64\n" } };
const files = { hostFiles: { "/etc/hello.conf": "0644 root root sha256:1" } };

test.each<[string, Record<string, unknown>, string]>([
    ["an image", next, "reattaches hello_2.raw in place of hello_1.raw, restarts hello.service"],
    [
        "an image, and a socket that is stopped",
        { ...next, units: { "hello.socket": { start: false } } },
        "reattaches hello_2.raw in place of hello_1.raw, restarts hello.service; stops hello.socket",
    ],
    [
        "an image, and a service that is stopped",
        { ...next, units: { "hello.service": { start: false } } },
        "reattaches hello_2.raw in place of hello_1.raw; stops hello.service",
    ],
    [
        "a profile, and a drop-in of a socket",
        { ...backlog, profile: "trusted" },
        "reattaches hello_1.raw for its profile, restarts hello.service, hello.socket",
    ],
    [
        "files, and a drop-in of a socket",
        { ...backlog, ...files },
        "writes files, restarts hello.service, hello.socket",
    ],
    [
        "files, and a unit that is enabled no more",
        { ...files, units: { "hello.service": { enable: false } } },
        "writes files, restarts hello.service; disables hello.service",
    ],
    ["a way of copying that has the same effect", { copy: "symlink" }, ""],
])("the preview of %s", (_, changes, expected) => {
    expect(effectOf({ before: base, now: { ...base, ...changes }, units })).toBe(expected);
});
