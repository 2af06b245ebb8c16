//! Builds the browser app and has it compiled in: `app.rs` in the output folder lists its files.
//!
//! It is built when its sources have changed. Without npm it is taken as it was built before, if it was; with
//! `LOGGIA_SKIP_WEB=1` the server has no app.
#![allow(clippy::print_stdout, reason = "so Cargo is told")]

use std::collections::hash_map::DefaultHasher;
use std::env;
use std::fmt::Write;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

type Failure = Box<dyn std::error::Error>;

/// What the app is made of, in `web/`: folders with all that is in them, and files.
const SOURCES: [&str; 9] = [
    "src",
    "index.html",
    "build.mjs",
    "vite.config.ts",
    "vite.plugins.ts",
    "svelte.config.js",
    "tsconfig.json",
    "package.json",
    "package-lock.json",
];
/// Made by the build itself.
const GENERATED: &str = "generated.ts";
/// What the files in `dist` were made of.
const STAMP: &str = ".made-of";

fn main() -> Result<(), Failure> {
    println!("cargo:rustc-check-cfg=cfg(loggia_app)");
    println!("cargo:rerun-if-env-changed=LOGGIA_SKIP_WEB");
    println!("cargo:rerun-if-changed=build.rs");
    let dist = dist()?;
    if dist.is_some() {
        println!("cargo:rustc-cfg=loggia_app");
    }
    let list = list(dist.as_deref())?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("app.rs"), list)?;
    Ok(())
}

/// The folder with the app, built.
fn dist() -> Result<Option<PathBuf>, Failure> {
    let web = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("web");
    if env::var("LOGGIA_SKIP_WEB").is_ok_and(|value| !matches!(value.as_str(), "" | "0")) || !web.is_dir() {
        return Ok(None);
    }
    let mut sources = Vec::new();
    for name in SOURCES {
        files(&web.join(name), &mut sources)?;
    }
    sources.sort();
    for source in &sources {
        println!("cargo:rerun-if-changed={}", source.display());
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    if Command::new(npm).arg("--version").output().is_err() {
        let page = web.join("dist/index.html");
        println!("cargo:rerun-if-changed={}", page.display());
        if page.is_file() {
            return Ok(Some(web.join("dist")));
        }
        println!("cargo:warning=There is no npm: the server is built without its browser app.");
        return Ok(None);
    }
    build(&web, npm, &sources)?;
    Ok(Some(web.join("dist")))
}

/// Builds the app, unless `dist` was made of these very sources.
fn build(web: &Path, npm: &str, sources: &[PathBuf]) -> Result<(), Failure> {
    let mut hasher = DefaultHasher::new();
    for source in sources {
        source.strip_prefix(web)?.hash(&mut hasher);
        fs::read(source)?.hash(&mut hasher);
    }
    let made_of = format!("{:016x}", hasher.finish());
    let stamp = web.join("dist").join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|kept| kept == made_of) {
        return Ok(());
    }
    // Whether what `package.json` names is there; it takes no network, and a build that needs none is to need none.
    let is_installed = Command::new(npm).args(["ls", "--depth=0"]).current_dir(web).output()?.status.success();
    if !is_installed {
        run(Command::new(npm).args(["ci", "--no-audit", "--no-fund"]).current_dir(web))?;
    }
    run(Command::new(npm).args(["run", "--silent", "build:app"]).current_dir(web))?;
    fs::write(stamp, made_of)?;
    Ok(())
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).join("\n");
    Err(format!(
        "{command:?} failed, so there is no browser app; LOGGIA_SKIP_WEB=1 builds the server without it.\n{said}"
    )
    .into())
}

/// The file, or all files in the folder; nothing when there is none.
fn files(path: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            files(&entry?.path(), found)?;
        }
    } else if path.is_file() && !path.ends_with(GENERATED) {
        found.push(path.to_owned());
    }
    Ok(())
}

/// The files as Rust: a file that has a compressed form beside it stands there in that form alone.
fn list(dist: Option<&Path>) -> Result<String, Failure> {
    let mut paths = Vec::new();
    if let Some(dist) = dist {
        files(dist, &mut paths)?;
    }
    let mut found = Vec::new();
    for path in &paths {
        if path.extension().is_some_and(|extension| extension == "br") || path.ends_with(STAMP) {
            continue;
        }
        let compressed = PathBuf::from(format!("{}.br", path.display()));
        let brotli = compressed.is_file();
        let name = path.strip_prefix(dist.unwrap_or(path))?.display().to_string().replace('\\', "/");
        found.push((format!("/{name}"), brotli, if brotli { compressed } else { path.clone() }));
    }
    // They are searched by these names.
    found.sort();
    let mut text = format!("static FILES: [File; {}] = [\n", found.len());
    for (name, brotli, stored) in &found {
        writeln!(text, "    File::new({name:?}, {brotli}, include_bytes!({stored:?})),")?;
    }
    text += "];\n";
    Ok(text)
}
