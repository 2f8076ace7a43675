import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Language, type Node, Parser } from "web-tree-sitter";
import { pages, samplesOf } from "../docs/samples";

/**
 * Checks C# without dotnet: tree-sitter's grammar parses the SDK and the programs, and the names that programs use are
 * compared with the SDK's classes.
 */

const root = join(__dirname, "../..");
let parser: Parser;

beforeAll(async () => {
    await Parser.init();
    const grammar = await Language.load(readFileSync(require.resolve("tree-sitter-c-sharp/tree-sitter-c_sharp.wasm")));
    parser = new Parser();
    parser.setLanguage(grammar);
});

function parse(text: string): Node {
    const tree = parser.parse(text);
    if (tree === null) throw new Error("The parser has no grammar");
    return tree.rootNode;
}

const present = (nodes: (Node | null)[]) => nodes.filter((node) => node !== null);
const find = (node: Node, type: string) => present(node.descendantsOfType(type));

/** Syntax errors with their lines: `12: new = ;`. */
function syntaxErrors(node: Node): string[] {
    if (node.isError || node.isMissing) return [`${node.startPosition.row + 1}: ${node.text.slice(0, 80)}`];
    return node.hasError ? present(node.children).flatMap(syntaxErrors) : [];
}

/** Names and texts of the files in git that match the pattern. */
function files(pattern: string): [string, string][] {
    const names = execFileSync("git", ["ls-files", "-z", "--", pattern], { cwd: root, encoding: "utf8" });
    return names
        .split("\0")
        .filter((name) => name !== "")
        .map((name) => [name, readFileSync(join(root, name), "utf8")]);
}

/** Names and texts of the programs in the schema's examples, the tests and the pages. */
function programs(): [string, string][] {
    const samples = pages()
        .flatMap(samplesOf)
        .filter(({ language }) => language === "cs" || language === "csharp")
        .map(({ page, line, text }): [string, string] => [`${page}:${line}`, text]);
    return [...files("provider/examples/**.cs"), ...files("test/languages/everything/*.cs"), ...samples];
}

/** Members of the SDK's classes and enums, by the name of the type. */
function sdkTypes(): Map<string, Set<string>> {
    const types = new Map<string, Set<string>>();
    for (const [, text] of files("sdk/dotnet/**.cs")) {
        const declared = ["class_declaration", "struct_declaration"].flatMap((type) => find(parse(text), type));
        for (const node of declared) {
            const members = ["property_declaration", "method_declaration"].flatMap((type) => find(node, type));
            const names = members.flatMap((member) => member.childForFieldName("name")?.text.replace("@", "") ?? []);
            types.set(node.childForFieldName("name")?.text ?? "", new Set(names));
        }
    }
    return types;
}

/** The class of a target-typed `new()`: the arguments of a resource (second parameter) or of a function (first). */
function argumentsClass(node: Node): string | undefined {
    const list = node.parent?.parent;
    const call = list?.parent;
    const position = present(list?.namedChildren ?? []).findIndex((argument) => argument.id === node.parent?.id);
    const callee = call?.childForFieldName("type") ?? call?.childForFieldName("function");
    const name = /^Portable\.(\w+)(\.Invoke)?$/.exec(callee?.text ?? "");
    const isFunction = name?.[2] !== undefined;
    if (name === null || position !== (isFunction ? 0 : 1)) return undefined;
    return !isFunction ? `${name[1]}Args` : `${name[1]}InvokeArgs`;
}

/** Classes and members that a program uses and the SDK lacks. */
function unknownNames(program: Node, types: Map<string, Set<string>>): string[] {
    const unknown: string[] = [];
    const made = [
        ...find(program, "object_creation_expression"),
        ...find(program, "implicit_object_creation_expression"),
    ];
    for (const node of made) {
        const [, named] = /^Portable\.(?:Inputs\.)?(\w+)$/.exec(node.childForFieldName("type")?.text ?? "") ?? [];
        const name = named ?? argumentsClass(node);
        if (name === undefined) continue;
        const members = types.get(name);
        if (members === undefined) unknown.push(name);
        const initializer = present(node.namedChildren).find(({ type }) => type === "initializer_expression");
        for (const assignment of present(initializer?.namedChildren ?? [])) {
            const left = assignment.childForFieldName("left");
            if (left?.type === "identifier" && members?.has(left.text) === false) unknown.push(`${name}.${left.text}`);
        }
    }
    for (const access of find(program, "member_access_expression")) {
        const [, name = "", member = ""] = /^Portable\.(\w+)\.@?(\w+)$/.exec(access.text) ?? [];
        if (name !== "" && name !== "Inputs" && types.get(name)?.has(member) !== true)
            unknown.push(`${name}.${member}`);
    }
    return unknown;
}

test("the SDK and every program have the syntax of C#", () => {
    const all = [...files("sdk/dotnet/**.cs"), ...programs()];
    expect(all.length).toBeGreaterThan(70);
    const wrong = all.map(([name, text]) => [name, syntaxErrors(parse(text))]);
    expect(wrong.filter(([, errors]) => errors?.length !== 0)).toEqual([]);
    expect(syntaxErrors(parse("class A\n{\n    void Run() { var x = ; }\n}\n"))).toHaveLength(1);
});

test("the SDK has the names that programs use", () => {
    const types = sdkTypes();
    const wrong = programs().map(([name, text]) => [name, unknownNames(parse(text), types)]);
    expect(wrong.filter(([, names]) => names?.length !== 0)).toEqual([]);
    const misspelled = `var image = new Portable.PortableImage("web", new()
    {
        Verson = "1.0",
        Source = new Portable.Inputs.SourceArgs { },
        Connection = new Portable.Inputs.ConnectionArgs { Hots = "web1" },
        Format = Portable.ImageFormat.Squash,
    });`;
    expect(unknownNames(parse(misspelled), types)).toEqual([
        "SourceArgs",
        "ConnectionArgs.Hots",
        "PortableImageArgs.Verson",
        "ImageFormat.Squash",
    ]);
});
