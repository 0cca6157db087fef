//! `cargo xtask sim`: runs seeds, or one with its story, or the mutants.

use clap::Parser;
use simulation::{Mutant, Options, Report, many, one, told};
use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Mutex,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Seeds that make sense of the coverage.
const ENOUGH: u64 = 20_000;
/// Seeds within which a mutant must be found.
const MUTANT_SEEDS: u64 = 20_000;
/// How often progress is told.
const EVERY: Duration = Duration::from_secs(5);

/// The flock simulated: all services under one seeded scheduler, with every fault there is.
#[derive(Parser)]
#[command(name = "cargo xtask sim", bin_name = "cargo xtask sim")]
struct Arguments {
    /// Only this seed, with all that happens in it; with --seeds, the first of so many
    #[arg(long)]
    seed: Option<u64>,
    /// How many seeds
    #[arg(long)]
    seeds: Option<u64>,
    /// Orders in each seed
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=24))]
    orders: u8,
    /// Threads; from 100,000 seeds on, as many as there are cores
    #[arg(long)]
    threads: Option<usize>,
    /// Plant this bug
    #[arg(long, value_parser = mutant)]
    mutant: Option<Mutant>,
    /// Plant each bug in turn, and say after how many seeds it is found
    #[arg(long)]
    mutants: bool,
    /// List how often each (service, state, event) was reached
    #[arg(long)]
    coverage: bool,
}

fn mutant(name: &str) -> Result<Mutant, String> {
    let names = || Mutant::ALL.iter().map(|mutant| mutant.name()).collect::<Vec<_>>().join(", ");
    Mutant::of(name).ok_or_else(|| format!("one of {}", names()))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let options = Options {
        orders: arguments.orders,
        mutant: arguments.mutant.unwrap_or_default(),
        ..Options::default()
    };
    let outcome = match (arguments.seed, arguments.seeds) {
        _ if arguments.mutants => mutants(&arguments, &options),
        (Some(seed), None) => replay(seed, &options),
        (first, seeds) => range(first.unwrap_or_default(), seeds.unwrap_or(ENOUGH), &arguments, &options),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // Whoever read the output has gone away.
        Err(_) => ExitCode::FAILURE,
    }
}

/// One seed, told in full.
fn replay(seed: u64, options: &Options) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    match one(seed, options) {
        Ok(run) => {
            for line in told(seed, options) {
                writeln!(out, "{line}")?;
            }
            writeln!(out, "seed {seed} keeps all laws in {} steps (digest {:016x})", run.steps, run.hash)?;
            Ok(true)
        }
        Err(failure) => {
            writeln!(out, "{failure}")?;
            Ok(false)
        }
    }
}

fn range(first: u64, seeds: u64, arguments: &Arguments, options: &Options) -> io::Result<bool> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.threads.unwrap_or(if seeds >= 100_000 { cores } else { 1 });
    let began = Instant::now();
    let (done, told) = (AtomicU64::new(0), Mutex::new(Instant::now()));
    let report = many(first..first.saturating_add(seeds), threads, options, |more| {
        let done = done.fetch_add(more, Ordering::Relaxed) + more;
        if let Ok(mut told) = told.try_lock()
            && told.elapsed() >= EVERY
        {
            *told = Instant::now();
            let rate = done.saturating_mul(1000) / millis(began);
            eprintln!("{done} of {seeds} seeds, {rate} a second");
        }
    });
    say(&report, seeds, threads, began, arguments)
}

fn say(
    report: &Report,
    wanted: u64,
    threads: usize,
    began: Instant,
    arguments: &Arguments,
) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    let (ms, (reached, all)) = (millis(began), report.coverage.reached());
    let (seeds, steps) = (report.seeds.saturating_mul(1000) / ms, report.steps.saturating_mul(1000) / ms);
    writeln!(
        out,
        "{} seeds, {} steps in {ms} ms on {threads} thread(s): {seeds} seeds and {steps} steps a second; \
         {reached} of {all} pairs of state and event reached",
        report.seeds, report.steps
    )?;
    if arguments.coverage {
        for (pair, count) in report.coverage.pairs() {
            writeln!(out, "{count:>9} {pair}")?;
        }
    }
    if let Some(failure) = &report.failure {
        writeln!(out, "{failure}")?;
        return Ok(false);
    }
    let faults = if wanted >= ENOUGH { report.coverage.faults() } else { vec![] };
    for fault in &faults {
        writeln!(out, "{fault}")?;
    }
    Ok(faults.is_empty())
}

/// Every bug must be found.
fn mutants(arguments: &Arguments, options: &Options) -> io::Result<bool> {
    let mut all = true;
    let most = arguments.seeds.unwrap_or(MUTANT_SEEDS);
    for mutant in Mutant::ALL {
        let options = Options { mutant: *mutant, ..*options };
        let report = many(0..most, arguments.threads.unwrap_or(1), &options, |_| {});
        let mut out = io::stdout().lock();
        match report.failure {
            Some(failure) => {
                let (name, law) = (mutant.name(), failure.broken.law);
                writeln!(out, "{:>6} seeds  {name:<22} {}: {law}", failure.seed + 1, mutant.bug())?;
            }
            None => {
                all = false;
                writeln!(out, "SURVIVES {most} seeds: {} ({})", mutant.name(), mutant.bug())?;
            }
        }
    }
    Ok(all)
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
}
