import { listChanges } from "../../provider/protocol/changes";

const identityOf = (element: unknown) => (element as { name?: string }).name;
const changes = (old: unknown[], now: unknown[]) =>
    listChanges(old, now, identityOf, ["list"])?.map(({ path, kind }) => `${kind} ${path.slice(1).join(".")}`);
const [a, b, c] = ["a", "b", "c"].map((name) => ({ name, value: 1 }));

test.each([
    ["nothing", [a, b], [a, b], []],
    ["another order", [a, b], [b, a], []],
    ["one added at the front", [a, b], [c, a, b], ["add 0"]],
    ["one added at the end", [a], [a, b], ["add 1"]],
    ["one removed from the front", [a, b], [b], ["delete 0"]],
    ["a change in place", [a, b], [a, { ...b, value: 2 }], ["update 1.value"]],
])("a list with identities: %s", (_, old, now, expected) => {
    expect(changes(old, now)).toEqual(expected);
});

test.each([
    ["one replaced by another at its index", [a], [b]],
    ["a change of one that moved", [a, b], [c, { ...a, value: 2 }, b]],
    ["two of one identity", [a, a], [a]],
    ["an unknown identity", [a], [{ value: 1 }]],
])("compared by index: %s", (_, old, now) => {
    expect(changes(old, now)).toBeUndefined();
});
