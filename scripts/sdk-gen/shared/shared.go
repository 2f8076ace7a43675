// Package shared is what both generator programs do: read a schema, and write what generators make of it.
package shared

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/blang/semver"
	"github.com/hashicorp/hcl/v2"
	"github.com/pulumi/pulumi/pkg/v3/codegen/hcl2/syntax"
	"github.com/pulumi/pulumi/pkg/v3/codegen/pcl"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// Generate makes the files of one SDK, by their paths in it.
type Generate func(*schema.Package) (map[string][]byte, error)

// WriteSDKs writes DIRECTORY/LANGUAGE for each generator.
func WriteSDKs(schemaFile, directory string, generators map[string]Generate) error {
	for language, generate := range generators {
		// A generator changes the package that it is given.
		pkg, err := Bind(schemaFile)
		if err != nil {
			return err
		}
		files, err := generate(pkg)
		if err != nil {
			return fmt.Errorf("%s: %w", language, err)
		}
		if err := writeFiles(filepath.Join(directory, language), files); err != nil {
			return err
		}
	}
	return nil
}

// Bind reads a package schema, and checks it against Pulumi's metaschema.
func Bind(file string) (*schema.Package, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	pkg, diagnostics, err := schema.BindSpec(spec, Loader{}, schema.ValidationOptions{})
	if err != nil {
		return nil, err
	}
	if diagnostics.HasErrors() {
		return nil, diagnostics
	}
	return pkg, nil
}

func writeFiles(directory string, files map[string][]byte) error {
	for name, content := range files {
		file := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Program makes the files of a program in one language.
type Program func(*pcl.Program) (map[string][]byte, hcl.Diagnostics, error)

// BindProgram checks a program in Pulumi's intermediate language; versions of Pulumi have different functions for it.
type BindProgram func([]*syntax.File) (*pcl.Program, hcl.Diagnostics, error)

// WritePrograms writes a program of Pulumi's intermediate language beside its FILE.pp, in each language, by the ending
// of the file.
func WritePrograms(file string, bind BindProgram, languages map[string]Program) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for ending, generate := range languages {
		// A generator changes the program that it is given.
		program, err := parse(file, text, bind)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		files, problems, err := generate(program)
		if err == nil && len(problems) > 0 {
			err = problems
		}
		if err == nil && len(files) != 1 {
			err = fmt.Errorf("the program became %d files", len(files))
		}
		if err != nil {
			return fmt.Errorf("%s: %s: %w", file, ending, err)
		}
		for _, content := range files {
			if err := os.WriteFile(strings.TrimSuffix(file, "pp")+ending, content, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

func parse(file string, text []byte, bind BindProgram) (*pcl.Program, error) {
	parser := syntax.NewParser()
	if err := parser.ParseFile(bytes.NewReader(text), filepath.Base(file)); err != nil {
		return nil, err
	}
	if parser.Diagnostics.HasErrors() {
		return nil, parser.Diagnostics
	}
	program, problems, err := bind(parser.Files)
	if err == nil && problems.HasErrors() {
		err = problems
	}
	return program, err
}

// Loader gives converters the one package that examples are about, and starts no plugin for another.
type Loader struct{ Package *schema.Package }

func (l Loader) LoadPackage(name string, _ *semver.Version) (*schema.Package, error) {
	if l.Package == nil || name != l.Package.Name {
		return nil, fmt.Errorf("there is no schema of the package %s here", name)
	}
	return l.Package, nil
}

func (l Loader) LoadPackageV2(_ context.Context, wanted *schema.PackageDescriptor) (*schema.Package, error) {
	return l.LoadPackage(wanted.Name, wanted.Version)
}

func (l Loader) LoadPackageReference(name string, version *semver.Version) (schema.PackageReference, error) {
	pkg, err := l.LoadPackage(name, version)
	if err != nil {
		return nil, err
	}
	return pkg.Reference(), nil
}

func (l Loader) LoadPackageReferenceV2(
	_ context.Context, wanted *schema.PackageDescriptor,
) (schema.PackageReference, error) {
	return l.LoadPackageReference(wanted.Name, wanted.Version)
}
