import { globSync } from "node:fs";
import { root, type Sample } from "../samples";
import { programsOf } from "./guide-project";
import {
    APP,
    AUTOMATION,
    ENVIRONMENTS,
    FLEET,
    HELLO,
    IMPORT,
    NIX,
    NOT_DEPLOYED,
    POLICIES,
    PREPARED,
    SOURCES,
} from "./parts";

const where = ({ page, line }: Sample) => `${page}:${line}`;

test("every program of a guide is deployed by a test, or listed with the reason why not", () => {
    const deployed = [...SOURCES, ...NIX, ...Object.values(APP), ...HELLO, PREPARED, FLEET, ENVIRONMENTS];
    const parts = [...deployed, AUTOMATION, IMPORT, POLICIES, ...Object.keys(NOT_DEPLOYED)];
    const named = parts.flatMap((part) => programsOf(part).map(where));
    const pages = globSync("docs/guides/**/*.md", { cwd: root }).map((name) =>
        name.replace(/^docs\/guides\/|\.md$/g, ""),
    );
    const shown = pages.flatMap((page) => programsOf(page, { isRequired: false }).map(where));
    expect(shown.length).toBeGreaterThan(25);
    expect(shown.filter((sample) => !named.includes(sample))).toEqual([]);
    expect(named.filter((sample, index) => named.indexOf(sample) !== index)).toEqual([]);
});
