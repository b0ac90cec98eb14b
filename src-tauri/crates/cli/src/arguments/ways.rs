//! What `ways` takes: the place, the change, the way that comes and the way that goes.

use super::{Place, absolute};
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct Ways {
    /// Folder the backups are in
    #[arg(value_hint = ValueHint::DirPath, value_parser = absolute(), required = true)]
    pub place: Option<PathBuf>,
    #[command(subcommand)]
    pub change: Option<WaysCommand>,
}

#[derive(Debug, Subcommand)]
pub enum WaysCommand {
    /// Lists the ways to unlock
    List(Place),
    /// Adds a way to unlock
    Add(AddWay),
    /// Removes a way to unlock
    Remove(RemoveWay),
    /// Puts a new way in the place of another of its kind
    Replace(ReplaceWay),
    /// Opens the newest backup with a way, to see that it works
    Test(Place),
}

/// The new way of `ways add` and `ways replace`; where none of these stands, `--passkey` means the new way.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub struct NewWay {
    /// Add the password in this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub new_password_file: Option<PathBuf>,
    /// Make a 64-digit key and write it to this new file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub new_key_file: Option<PathBuf>,
    /// Make a passkey, as on a security key; `--passkey` alone means the same
    #[arg(long)]
    pub new_passkey: bool,
}

impl NewWay {
    /// `--passkey` is no way to unlock with, but the way to make.
    pub fn is_by_passkey_option(&self) -> bool {
        self.new_password_file.is_none() && self.new_key_file.is_none() && !self.new_passkey
    }
}

#[derive(Args, Debug)]
pub struct AddWay {
    /// Folder the backups are in
    #[arg(value_hint = ValueHint::DirPath, value_parser = absolute())]
    pub place: PathBuf,
    #[command(flatten)]
    pub new: NewWay,
}

#[derive(Args, Debug)]
pub struct RemoveWay {
    /// Folder the backups are in
    #[arg(value_hint = ValueHint::DirPath, value_parser = absolute())]
    pub place: PathBuf,
    /// Id of the way, as `ways` lists it
    pub way: String,
    #[command(flatten)]
    pub fate: Fate,
    /// Go on although fewer than two ways are left
    #[arg(long)]
    pub acknowledge_one_way: bool,
}

/// What became of the way that goes. `--lost` and `--known` give later backups a new key, which the other ways open too;
/// nothing is stored again. Copies made before still open with the old way.
#[derive(Args, Clone, Copy, Debug)]
#[group(multiple = false)]
pub struct Fate {
    /// It is lost
    #[arg(long)]
    pub lost: bool,
    /// Somebody else may know it
    #[arg(long)]
    pub known: bool,
    /// You still have it, and nobody else knows it; the terminal asks where none of the three stands, else this counts
    #[arg(long)]
    pub kept: bool,
}

#[derive(Args, Debug)]
pub struct ReplaceWay {
    /// Folder the backups are in
    #[arg(value_hint = ValueHint::DirPath, value_parser = absolute())]
    pub place: PathBuf,
    /// Id of the way that goes, as `ways` lists it
    pub way: String,
    #[command(flatten)]
    pub fate: Fate,
    #[command(flatten)]
    pub new: NewWay,
}
