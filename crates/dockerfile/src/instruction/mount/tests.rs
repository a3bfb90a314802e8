//! Mounts, case by case.

use super::*;
use std::collections::BTreeMap;

fn flag(text: &str) -> Result<MountFlag, ParseError> {
    MountFlag::parse(text, Escape::default(), Range::default())
}

fn mount(text: &str) -> Mount {
    let variables: BTreeMap<String, String> = [("KIND", "cache"), ("EMPTY", "")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    flag(text).unwrap().expand(&variables).unwrap()
}

fn bind(target: &str) -> BindMount {
    BindMount {
        from: None,
        source: None,
        target: target.to_owned(),
        readonly: true,
    }
}

#[test]
fn a_bind_mount_is_the_default() {
    let rw = BindMount {
        readonly: false,
        ..bind("/a")
    };
    for (text, expected) in [
        ("target=/a", bind("/a")),
        ("type=bind,dst=/a", bind("/a")),
        ("Type=BIND,destination=/a", bind("/a")),
        ("target=/a,rw", rw.clone()),
        ("target=/a,rw=true", rw.clone()),
        ("target=/a,readonly=0", rw.clone()),
        ("target=/a,rw,ro", bind("/a")),
        ("target=/b,target=/a", bind("/a")),
        ("\"target=/a,b\"", bind("/a,b")),
        ("type=bind", bind("")),
        (
            "target=/a,from=$",
            BindMount {
                from: Some("$".to_owned()),
                ..bind("/a")
            },
        ),
    ] {
        assert_eq!(mount(text), Mount::Bind(expected), "{text}");
    }
    let from = flag("from=build,src=/x,target=/a").unwrap();
    assert_eq!(from.from(), Some("build"));
}

#[test]
fn types_have_their_keys() {
    let cache = CacheMount {
        id: Some("x".to_owned()),
        target: "/a".to_owned(),
        from: None,
        source: None,
        readonly: false,
        sharing: CacheSharing::Locked,
        owner: MountOwner {
            mode: Some(0o700),
            uid: Some(1),
            gid: None,
        },
    };
    let text = "type=$KIND,id=x,target=/a,sharing=locked,mode=0700,uid=1";
    assert_eq!(mount(text), Mount::Cache(cache));
    let tmpfs = TmpfsMount {
        target: "/a".to_owned(),
        size_bytes: Some(64 << 20),
    };
    assert_eq!(mount("type=tmpfs,target=/a,size=64m"), Mount::Tmpfs(tmpfs));
    let ssh = SshMount {
        id: None,
        target: None,
        required: true,
        owner: MountOwner::default(),
    };
    assert_eq!(mount("type=ssh,required"), Mount::Ssh(ssh));
}

#[test]
fn secrets_are_files_variables_or_both() {
    for (text, id, target, env) in [
        ("type=secret,id=a", "a", Some("/run/secrets/a"), None),
        ("type=secret,source=x/a", "x/a", Some("/run/secrets/a"), None),
        ("type=secret,target=/x/a", "a", Some("/x/a"), None),
        ("type=secret,id=a,env=A", "a", None, Some("A")),
        ("type=secret,id=a,env=A,target=/x", "a", Some("/x"), Some("A")),
    ] {
        let Mount::Secret(secret) = mount(text) else {
            panic!("{text} is no secret");
        };
        let found = (secret.id.as_str(), secret.target.as_deref(), secret.env.as_deref());
        assert_eq!(found, (id, target, env), "{text}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    for (text, expected) in [
        ("", "it is empty; write `type=…,target=…`"),
        (
            "a\"b",
            "a field with a quote in it is put in quotes as a whole, and the quote in it doubled",
        ),
        ("targt=/a", "unexpected key `targt` (did you mean target?)"),
        ("target", "the field `target` must be a key=value pair"),
        ("x", "the field `x` must be a key=value pair"),
        (
            "type=cahce",
            "invalid value `cahce` of `type`: it is bind, cache, tmpfs, secret or ssh (did you mean cache?)",
        ),
        (
            "type=cache,sharing=x",
            "invalid value `x` of `sharing`: it is shared, private or locked",
        ),
        ("type=bind,mode=7", "unexpected key `mode` for a mount of type `bind`"),
        ("target=/a,size=1", "unexpected key `size` for a mount of type `bind`"),
        ("required", "unexpected key `required` for a mount of type `bind`"),
        (
            "type=secret,id=a,from=b",
            "unexpected key `from` for a mount of type `secret`",
        ),
        (
            "type=secret",
            "a secret needs an id, or a target after which it is called",
        ),
        (
            "type=secret,id=a,source=b",
            "both source and id are set, and they mean the same; remove one",
        ),
        (
            "type=cache,mode=8",
            "invalid value `8` of `mode`: it is permission bits in octal",
        ),
        (
            "type=cache,uid=-1",
            "invalid value `-1` of `uid`: it is the number of a user",
        ),
        ("rw=maybe", "invalid value `maybe` of `readwrite`: it is true or false"),
        (
            "type=tmpfs,size=big",
            "invalid value `big` of `size`: it is a number of bytes, such as 64m or 1.5g",
        ),
        (
            "from=$x,target=$y",
            "`from` doesn't support variables, and `$x` has one: begin a stage with `FROM $x AS name` and use that name",
        ),
    ] {
        let error = flag(text).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("line 1: invalid mount: {expected}"),
            "{text}"
        );
    }
    let error = flag("type=$X")
        .unwrap()
        .expand(&|_: &str| Some("y".to_owned()))
        .unwrap_err();
    assert!(matches!(error.problem, MountProblem::Value { key: "type", .. }));
}
