//! Images in which workflows are often run, and what each lacks of what the report's script runs: by their
//! names and tags, as their Dockerfiles have it.

/// What the report's script runs.
pub(super) const ALL: [&str; 3] = ["bash", "curl", "jq"];
const CURL_AND_JQ: &[&str] = &["curl", "jq"];
const JQ: &[&str] = &["jq"];

/// By what an image installs something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Manager {
    Apk,
    Apt,
    Dnf,
    Microdnf,
    Pacman,
    Yum,
    /// Nothing can be installed.
    None,
}

use Manager::{Apk, Apt, Dnf, Microdnf, Pacman, Yum};

impl Manager {
    /// The command that installs some tools.
    pub(super) fn command(self, tools: &[&str]) -> Option<String> {
        let tools = tools.join(" ");
        Some(match self {
            Apk => format!("apk add --no-cache {tools}"),
            Apt => format!("apt-get update && apt-get install -y {tools}"),
            Dnf => format!("dnf install -y {tools}"),
            Microdnf => format!("microdnf install -y {tools}"),
            Pacman => format!("pacman -Sy --noconfirm {tools}"),
            Yum => format!("yum install -y {tools}"),
            Self::None => return None,
        })
    }
}

/// An image: its name (Docker's own without an owner), what it lacks, and by what it installs.
struct Image(&'static str, &'static [&'static str], Manager);

const IMAGES: [Image; 41] = [
    // Of Alpine, whatever their tags.
    Image("alpine", &ALL, Apk),
    Image("alpine/git", &ALL, Apk),
    Image("caddy", &ALL, Apk),
    Image("composer", JQ, Apk),
    Image("docker", &ALL, Apk),
    Image("hashicorp/terraform", &ALL, Apk),
    Image("registry", &ALL, Apk),
    Image("traefik", &ALL, Apk),
    Image("busybox", &ALL, Manager::None),
    Image("scratch", &ALL, Manager::None),
    // Of Debian and Ubuntu; those of buildpack-deps have curl.
    Image("debian", CURL_AND_JQ, Apt),
    Image("debian-slim", CURL_AND_JQ, Apt),
    Image("ubuntu", CURL_AND_JQ, Apt),
    Image("buildpack-deps", JQ, Apt),
    Image("dotnet/sdk", JQ, Apt),
    Image("eclipse-temurin", JQ, Apt),
    Image("elixir", JQ, Apt),
    Image("erlang", JQ, Apt),
    Image("gcc", JQ, Apt),
    Image("golang", JQ, Apt),
    Image("gradle", JQ, Apt),
    Image("httpd", CURL_AND_JQ, Apt),
    Image("mariadb", CURL_AND_JQ, Apt),
    Image("maven", JQ, Apt),
    Image("nginx", JQ, Apt),
    Image("node", JQ, Apt),
    Image("perl", JQ, Apt),
    Image("php", JQ, Apt),
    Image("postgres", CURL_AND_JQ, Apt),
    Image("python", JQ, Apt),
    Image("redis", CURL_AND_JQ, Apt),
    Image("ruby", JQ, Apt),
    Image("rust", JQ, Apt),
    // Of Fedora's kind.
    Image("almalinux", JQ, Dnf),
    Image("amazonlinux", JQ, Yum),
    Image("fedora", JQ, Dnf),
    Image("openjdk", JQ, Microdnf),
    Image("oraclelinux", JQ, Dnf),
    Image("rockylinux", JQ, Dnf),
    Image("ubi-minimal", CURL_AND_JQ, Microdnf),
    Image("archlinux", JQ, Pacman),
];

/// Whose images are what their names and tags say: Docker's own, and copies of them.
const OFFICIAL: [&str; 4] = ["library", "docker.io", "mirror.gcr.io", "mcr.microsoft.com"];
/// Whose images hold no more than a program.
const PROGRAMS: [&str; 3] = ["distroless", "cgr.dev", "chainguard"];
/// What a version is made of.
const NUMBER: [char; 11] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.'];

/// What an image surely lacks, by its name or tag, and by what it installs. Of somebody's own image these
/// say nothing: what is called after Alpine may well have what is needed.
pub(super) fn lacks(image: &str) -> (&'static [&'static str], Manager) {
    let image = image.trim_start_matches("docker://").to_lowercase();
    let (image, _) = image.split_once('@').unwrap_or((&image, ""));
    let (path, name) = image.rsplit_once('/').unwrap_or(("", image));
    let (name, tag) = name.split_once(':').unwrap_or((name, ""));
    let folders: Vec<&str> = path.split('/').filter(|folder| !folder.is_empty()).collect();
    if folders.iter().any(|folder| PROGRAMS.contains(folder)) {
        return (&ALL, Manager::None);
    }
    let owned = folders.last().map_or_else(|| name.to_owned(), |owner| format!("{owner}/{name}"));
    let is_official = folders.is_empty()
        || folders.iter().any(|folder| OFFICIAL.contains(folder))
        || name.starts_with("ubi-") && folders.iter().any(|folder| folder.starts_with("ubi"));
    let known = IMAGES.iter().find(|Image(of, ..)| match of.contains('/') {
        true => *of == owned,
        false => is_official && *of == name,
    });
    let is_a = |of: &str| tag.split('-').any(|part| part.trim_end_matches(NUMBER) == of);
    if is_a("windowsservercore") || is_a("nanoserver") {
        return (&[], Manager::None);
    }
    if is_official && is_a("alpine") {
        return (&ALL, Apk);
    }
    let version = tag.split(['-', '.']).next().unwrap_or_default();
    let is_of_debian = ["slim", "bookworm", "bullseye", "buster", "trixie"].into_iter().any(is_a);
    match known {
        // From 12 on those without a name are of Oracle's Linux.
        Some(Image("openjdk", lacks, _)) if is_of_debian || ["8", "11"].contains(&version) => {
            (if is_a("slim") { CURL_AND_JQ } else { lacks }, Apt)
        }
        Some(Image(_, lacks, Dnf | Microdnf | Yum)) if is_a("slim") || is_a("minimal") => {
            (lacks, Microdnf)
        }
        Some(Image(_, lacks, Apt)) if is_a("ubi") || is_a("minimal") => (lacks, Microdnf),
        Some(Image(_, lacks, Apt)) if is_a("amazoncorretto") || is_a("corretto") => (lacks, Yum),
        Some(Image(_, _, Apt)) | None if is_official && is_a("slim") => (CURL_AND_JQ, Apt),
        Some(&Image(_, lacks, manager)) => (lacks, manager),
        None => (&[], Manager::None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_image_lacks_is_known_by_its_name_and_tag() {
        for (image, missing, manager) in [
            ("alpine:3", &ALL[..], Apk),
            ("docker://node:22-alpine3.20", &ALL, Apk),
            ("hashicorp/terraform:1.9", &ALL, Apk),
            ("docker.io/alpine/git", &ALL, Apk),
            ("busybox", &ALL, Manager::None),
            ("gcr.io/distroless/static", &ALL, Manager::None),
            ("node", JQ, Apt),
            ("node:22-bookworm-slim", CURL_AND_JQ, Apt),
            ("public.ecr.aws/docker/library/python:3.12", JQ, Apt),
            ("mcr.microsoft.com/dotnet/sdk:8.0", JQ, Apt),
            ("golang:1.23@sha256:abc", JQ, Apt),
            ("maven:3-eclipse-temurin-21", JQ, Apt),
            ("maven:3-amazoncorretto-21", JQ, Yum),
            ("eclipse-temurin:21-ubi9-minimal", JQ, Microdnf),
            ("openjdk:17-jdk", JQ, Microdnf),
            ("openjdk:11-jdk", JQ, Apt),
            ("openjdk:17-slim", CURL_AND_JQ, Apt),
            ("postgres:16", CURL_AND_JQ, Apt),
            ("nginx:1.27", JQ, Apt),
            ("fedora:41", JQ, Dnf),
            ("rockylinux:9-minimal", JQ, Microdnf),
            ("amazonlinux:2023", JQ, Yum),
            ("archlinux:base-devel", JQ, Pacman),
            ("ubuntu:24.04", CURL_AND_JQ, Apt),
        ] {
            assert_eq!(lacks(image), (missing, manager), "{image}");
        }
        for image in [
            "ghcr.io/acme/node:22",
            "acme/alpine-jq",
            "acme/terraform",
            "amazon/aws-cli",
            "python:3.12-windowsservercore",
            "${{ inputs.image }}",
        ] {
            assert_eq!(lacks(image).0, [""; 0], "{image}");
        }
    }
}
