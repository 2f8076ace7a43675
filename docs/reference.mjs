// Writes docs/reference/*.md from provider/schema.json: a page for each resource and function, one for all nested types,
// one for the configuration. The pages aren't committed: `make docs` makes them anew.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const directory = join(import.meta.dirname, "reference");
const schema = JSON.parse(readFileSync(join(root, "provider/schema.json"), "utf8"));

/** What follows a resource's name in `pulumi import`: the id of what is on the host. */
const IMPORTS = {
    PortableImage: "hello /var/lib/portables/hello_1.0.raw",
    AttachedService: "hello hello",
    DropIn: "page hello.service/override.conf",
};
/** Guides that go on from a page. */
const GUIDES = {
    PortableImage: [
        ["Image sources", "/guides/images/"],
        ["The same program twice on a host", "/guides/instances"],
    ],
    AttachedService: [
        ["Updates without downtime", "/guides/zero-downtime"],
        ["Health checks and rollback", "/guides/health-and-rollback"],
        ["Secrets", "/guides/secrets"],
    ],
    DropIn: [["Drop-ins and host files", "/guides/drop-ins"]],
    PortableService: [["Many hosts and waves", "/guides/many-hosts"]],
    getHost: [["Prepare a server", "/guides/prepare-a-server"]],
};
const LANGUAGES = { typescript: "TypeScript", python: "Python", go: "Go", csharp: "C#", java: "Java", yaml: "YAML" };

const nameOf = (token) => token.split(":").at(-1);
const fileOf = (token) =>
    nameOf(token)
        .replace(/(?<=[a-z])(?=[A-Z])/g, "-")
        .toLowerCase();
const anchorOf = (token) => nameOf(token).toLowerCase();

/** Markdown of a description: what isn't code must not be taken for HTML. */
function prose(text = "") {
    return text
        .split(/(```[\s\S]*?```|`[^`]*`)/)
        .map((part, index) =>
            index % 2 === 1 ? part : part.replaceAll("<", "&lt;").replaceAll("{{", "&lbrace;&lbrace;"),
        )
        .join("");
}

/** Descriptions of resources carry examples between shortcodes of Pulumi's own documentation. */
function described(text = "") {
    const [before, examples] = text.split(/(?:\{\{% examples %\}\}\s*)?## Example Usage/);
    const shown = (examples ?? "").replace(/\{\{%[^%]*%\}\}/g, "").replace(/(?:```\w+\n[\s\S]*?```\s*)+/g, (blocks) => {
        const titled = blocks.replace(
            /```(\w+)\n([\s\S]*?)```/g,
            (_, language, code) =>
                `\`\`\`${language === "csharp" ? "cs" : language} [${LANGUAGES[language] ?? language}]\n${code}\`\`\``,
        );
        return `::: code-group\n\n${titled.trim()}\n\n:::\n\n`;
    });
    return {
        text: prose(before.trim()),
        examples: shown.trim() === "" ? "" : `## Examples\n\n${shown.trim()}\n`,
    };
}

/** A property's type in words: `list of [HttpCheck](types#httpcheck)`. */
function typeText(property) {
    if (property.$ref !== undefined) return refText(property.$ref);
    if (property.oneOf !== undefined) return property.oneOf.map(typeText).join(" or ");
    if (property.type === "array") return `list of ${typeText(property.items)}`;
    if (property.type === "object") return `map of ${typeText(property.additionalProperties ?? { type: "string" })}`;
    return property.type;
}

function refText(ref) {
    const token = decodeURIComponent(ref.split("#/").at(-1)).replace(/^types\//, "");
    if (!ref.startsWith("#/types/")) return nameOf(token) === "Any" ? "any value" : nameOf(token);
    return `[${nameOf(token)}](./types#${anchorOf(token)})`;
}

/** A heading for each, so that the search finds it and a link can name it. */
function properties(prefix, members = {}, required = []) {
    return Object.entries(members)
        .sort(([left], [right]) => Number(required.includes(right)) - Number(required.includes(left)))
        .map(([name, property]) => {
            const marks = [
                typeText(property),
                ...(prefix === "output" ? [] : [required.includes(name) ? "**required**" : "optional"]),
                ...(property.secret ? ["secret"] : []),
                ...(property.willReplaceOnChanges ? ["a change replaces the resource"] : []),
                ...(property.defaultInfo?.environment
                    ? [`default: $${property.defaultInfo.environment.join(", $")}`]
                    : []),
                ...(property.deprecationMessage ? [`deprecated: ${property.deprecationMessage}`] : []),
            ];
            return `### \`${name}\` {#${prefix}-${name.toLowerCase()}}\n\n*${marks.join(" · ")}*\n\n${prose(property.description)}\n`;
        })
        .join("\n");
}

function guides(name) {
    const links = GUIDES[name] ?? [];
    return links.length === 0 ? "" : `Guides: ${links.map(([text, link]) => `[${text}](${link})`).join(", ")}.\n`;
}

function resourcePage(token, resource) {
    const name = nameOf(token);
    const { text, examples } = described(resource.description);
    const isOutput = (property) => !(property in (resource.inputProperties ?? {}));
    const outputs = Object.fromEntries(
        Object.entries(resource.properties ?? {}).filter(([property]) => isOutput(property)),
    );
    const imported = IMPORTS[name];
    return `---
title: ${name}
order: ${["PortableImage", "AttachedService", "DropIn", "PortableService"].indexOf(name) + 1}
editLink: false
---

# ${name}

${text}

${guides(name)}
${examples}
## Inputs

${properties("input", resource.inputProperties, resource.requiredInputs)}
## Outputs

Every input is an output, too, and these are added:

${properties("output", outputs)}
${imported === undefined ? "" : `## Import\n\n\`\`\`sh\npulumi import ${token} ${imported}\n\`\`\`\n\nThe connection comes from the provider's configuration. Importing restarts nothing: [Import what is attached](/guides/import).\n`}`;
}

function functionPage(token, { description, inputs, outputs }) {
    const { text, examples } = described(description);
    return `---
title: ${nameOf(token)}
order: 10
editLink: false
---

# ${nameOf(token)}

${text}

${guides(nameOf(token))}
${examples}
## Arguments

${properties("input", inputs?.properties, inputs?.required)}
## Result

${properties("output", outputs?.properties)}`;
}

function typesPage() {
    const sections = Object.entries(schema.types).map(([token, type]) => {
        const body = type.enum
            ? type.enum
                  .map((one) => `- \`${one.value}\`${one.description ? `: ${prose(one.description)}` : ""}`)
                  .join("\n")
            : Object.entries(type.properties ?? {})
                  .map(([name, property]) => {
                      const required = (type.required ?? []).includes(name) ? ", **required**" : "";
                      const marks = `${property.secret ? ", secret" : ""}${property.willReplaceOnChanges ? ", a change replaces the resource" : ""}`;
                      return `- \`${name}\` (*${typeText(property)}${required}${marks}*): ${prose(property.description)}`;
                  })
                  .join("\n");
        return `## ${nameOf(token)} {#${anchorOf(token)}}\n\n${prose(type.description)}\n\n${body}\n`;
    });
    return `---\ntitle: Types\norder: 20\neditLink: false\n---\n\n# Types\n\nThe nested objects of the resources, by name.\n\n${sections.join("\n")}`;
}

function configurationPage() {
    return `---
title: Provider configuration
order: 30
editLink: false
---

# Provider configuration

Values for all resources of a stack, set with \`pulumi config\` or as arguments of an explicit \`portable.Provider\`. How to set
them: [Installation and configuration](/installation-configuration#connection).

${properties("input", schema.provider.inputProperties, schema.provider.requiredInputs)}`;
}

function indexPage() {
    const row = ([token, { description }]) => {
        const [first] = prose((description ?? "").split(/\{\{%|\n/)[0]).split(/(?<=\.) /);
        return `| [${nameOf(token)}](./${fileOf(token)}) | ${first} |`;
    };
    return `---
title: Reference
editLink: false
---

# Reference

Every resource, function and type of the package \`${schema.name}\` ${schema.version}, generated from its schema.

| | |
| --- | --- |
${Object.entries(schema.resources).map(row).join("\n")}
${Object.entries(schema.functions).map(row).join("\n")}
| [Types](./types) | The nested objects. |
| [Provider configuration](./configuration) | Values for all resources of a stack. |
| [Environment variables](/installation-configuration#environment-variables) | What the provider reads from its environment. |

Names are written here as in TypeScript, Java and YAML. Python writes them in snake case (\`drop_ins\`); Go and C# begin them
with a capital letter (\`DropIns\`).
`;
}

rmSync(directory, { recursive: true, force: true });
mkdirSync(directory);
const pages = {
    index: indexPage(),
    types: typesPage(),
    configuration: configurationPage(),
    ...Object.fromEntries(
        Object.entries(schema.resources).map(([token, resource]) => [fileOf(token), resourcePage(token, resource)]),
    ),
    ...Object.fromEntries(
        Object.entries(schema.functions).map(([token, one]) => [fileOf(token), functionPage(token, one)]),
    ),
};
for (const [name, text] of Object.entries(pages))
    writeFileSync(join(directory, `${name}.md`), text.replace(/\n{3,}/g, "\n\n"));
console.log(`docs/reference: ${Object.keys(pages).length} pages`);
