// Records provider/schema.json as that of the last release, which test/sdk/breaking-changes.test.ts compares with.
import { readFileSync, writeFileSync } from "node:fs";

const root = new URL("..", import.meta.url).pathname;
const schema = JSON.parse(readFileSync(`${root}provider/schema.json`, "utf8"), (key, value) =>
    key === "description" && typeof value === "string" ? undefined : value,
);
writeFileSync(`${root}test/sdk/released-schema.json`, `${JSON.stringify(schema, null, 1)}\n`);
