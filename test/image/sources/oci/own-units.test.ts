import { resolveSource } from "../../../../provider/image/image";
import { HELLO, messages, packed, place, useOwnStore } from "./oci-images";

useOwnStore();

const OWN = "[Service]\nExecStart=/usr/bin/hello --own\n";
const IMAGE = { layout: "image" };

/** A container image whose packages brought units, as those of Debian do. */
const withUnits = (directory: string, config: Record<string, unknown> = HELLO.config ?? {}) =>
    place({
        layers: [...HELLO.layers, { [`${directory}/hello.service`]: OWN, [`${directory}/hello-more.service`]: OWN }],
        config,
    });

const texts = async (args: Awaited<ReturnType<typeof place>>, more = {}) => {
    const { unitTexts } = await resolveSource({ oci: { ...IMAGE, ...more } }, args);
    return unitTexts as Record<string, string>;
};

test.each(["usr/lib/systemd/system", "etc/systemd/system"])(
    "the unit of ENTRYPOINT replaces one in %s",
    async (directory) => {
        const args = await withUnits(directory);
        expect((await texts(args))["hello.service"]).toMatch(/^ExecStart=\/usr\/bin\/hello$/m);
        expect(await messages(IMAGE, args)).toEqual([
            "source.oci: The container image holds a unit hello.service of its own: the one made from its ENTRYPOINT, CMD and so on takes its place. To run it by its own unit, give that unit's text in `units`.",
        ]);
        expect(await packed(args)).toContain("-rwxr-xr-x /usr/bin/hello");
    },
);

test("an image without ENTRYPOINT runs by its own unit", async () => {
    const args = await withUnits("usr/lib/systemd/system", {});
    expect(await texts(args)).toEqual({ "hello.service": OWN, "hello-more.service": OWN });
    expect(await messages(IMAGE, args)).toEqual([]);
});

test("a unit of the user replaces the image's, and the others stay", async () => {
    const args = await withUnits("usr/lib/systemd/system");
    const text = "[Service]\nExecStart=/usr/bin/hello --mine\n";
    expect(await texts(args, { units: [{ name: "hello.service", text }] })).toEqual({
        "hello.service": text,
        "hello-more.service": OWN,
    });
});
