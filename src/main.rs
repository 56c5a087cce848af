//! The program: the error hook, the arguments, the dispatch; nothing else.

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    if let Err(error) = color_eyre::config::HookBuilder::default().display_env_section(false).install() {
        // Without the hook errors are plainer, not lost.
        drop(error);
    }
    quotient::cli::main()
}
