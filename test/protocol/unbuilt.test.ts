import { z } from "zod";
import { diffInputs } from "../../provider/protocol/diff";

const schema = z.strictObject({ source: z.string() });
const derived = {
    digest: { description: "", from: ["source"] },
    contents: { description: "", from: ["source"], impliedBy: [] },
};

/** Changed paths if the contents of the new source are unknown before its build. */
function changed(oldInputs: Record<string, unknown>, inputs: Record<string, unknown>): string[] {
    return diffInputs({
        schema,
        oldInputs,
        inputs,
        deployed: oldInputs,
        derived,
        ignoreChanges: [],
        canonical: (values) => values,
        replaces: [],
        drift: [],
        exemptFromReplace: [],
    }).map(({ path, kind }) => `${kind} ${path.join(".")}`);
}
const deployed = { source: "one", digest: "1", contents: { "/usr/bin/node": "129.5 MB", total: "1 file" } };

test("contents that are unknown before a build aren't shown as removed beside the change of the source", () => {
    expect(changed(deployed, { source: "two", digest: "2" })).toEqual(["update source", "update digest"]);
    expect(changed(deployed, { source: "two", digest: "2", contents: { total: "1 file" } })).toEqual([
        "update source",
        "update digest",
        "delete contents./usr/bin/node",
    ]);
});

test("contents that are the only difference are shown, so that the resource is updated", () => {
    expect(changed(deployed, { source: "one", digest: "1" })).toEqual(["delete contents"]);
});
