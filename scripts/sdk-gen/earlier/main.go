// earlier makes the SDKs for .NET and Java, and examples in every language, without the CLI.
//
//	earlier sdks SCHEMA LOGO DIRECTORY    writes DIRECTORY/{dotnet,java}
//	earlier examples SCHEMA DIRECTORY     writes, beside every NAME.yaml of DIRECTORY, the same program in each language
//
// Pulumi's generator for .NET has left its Go module since, and the generator for Java and the YAML converter of a
// later Pulumi can't be had as modules: these three fit together at the versions of go.mod.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sdk-gen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 4 && args[0] == "sdks":
		return writeSDKs(args[1], args[2], args[3])
	case len(args) == 3 && args[0] == "examples":
		return writeExamples(args[1], args[2])
	default:
		return fmt.Errorf("usage: earlier sdks SCHEMA LOGO DIRECTORY | earlier examples SCHEMA DIRECTORY")
	}
}
