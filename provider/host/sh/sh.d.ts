/** A program part in a file of its own, as esbuild's loader `text` and the tests' transform give it. */
declare module "*.sh" {
    const file: import("../shell").ShellFile;
    export default file;
}
