const { readFile } = require("node:fs/promises");
const { dirname } = require("node:path");

/** What files of gRPC require and a provider has no use for. */
const UNUSED_IN_GRPC = [
    // Compressed messages, which the engine doesn't send.
    [/\/@grpc\/grpc-js\/.*\.js$/, "zlib"],
    // All of a client, for services about services.
    [/\/@grpc\/grpc-js\/build\/src\/(channelz|orca)\.js$/, "./make-client"],
];

/** For esbuild: keeps from the bundle, or from its start, what the provider loads and doesn't use. */
exports.lean = {
    name: "lean",
    setup({ onLoad, onResolve }) {
        onResolve({ filter: /^(zlib|\.\/make-client)$/ }, ({ path, importer }) => {
            if (!UNUSED_IN_GRPC.some(([user, used]) => used === path && user.test(importer))) return undefined;
            return { path, namespace: "when-used", pluginData: dirname(importer) };
        });
        onLoad({ filter: /.*/, namespace: "when-used" }, ({ path, pluginData }) => ({
            contents: `module.exports = new Proxy({}, { get: (_, name) => require("${path}")[name] });`,
            resolveDir: pluginData,
        }));
        onLoad({ filter: /_pb\.js$/ }, async ({ path }) => {
            const text = withoutToObject(await readFile(path, "utf8"));
            return {
                contents: /\/pulumi\/proto\/(provider|resource)_pb\.js$/.test(path) ? messageByMessage(text) : text,
            };
        });
    },
};

/** A form of messages for people to read: a third of them. */
function withoutToObject(text) {
    return text.replace(/^if \(jspb\.Message\.GENERATE_TO_OBJECT\) \{\n[\s\S]*?^\}$/gm, "");
}

/** Generated messages, each made when it is first used: a start needs a few of a hundred. */
function messageByMessage(generated) {
    const text = generated.replace(/\/\*[\s\S]*?\*\//g, "");
    const begin = text.indexOf("goog.exportSymbol(");
    const imports = text.slice(0, begin).replace(/^goog\.object\.extend\(proto, .*$/gm, "");
    const made = new Map();
    for (const statement of text.slice(begin).split(/^(?=proto\.|goog\.|if \()/m)) {
        if (/^goog\.(exportSymbol|object\.extend)\(/.test(statement)) continue;
        const [, name] = /\bproto\.pulumirpc\.(\w+)/.exec(statement);
        made.set(name, `${made.get(name) ?? ""}${statement}`);
    }
    const promised = text.matchAll(/^goog\.exportSymbol\('proto\.pulumirpc\.(\w+)/gm);
    for (const [, name] of promised) if (!made.has(name)) throw new Error(`no statement makes the message ${name}`);
    return `${imports}
        const each = (name, make) =>
            Object.defineProperty(proto.pulumirpc, name, {
                get() { make(); return proto.pulumirpc[name]; },
                set(value) { Object.defineProperty(proto.pulumirpc, name, { value, writable: true }); },
                enumerable: true,
                configurable: true,
            });
        ${[...made].map(([name, statements]) => `each("${name}", () => {\n${statements}\n});`).join("\n")}
        module.exports = proto.pulumirpc;`;
}
