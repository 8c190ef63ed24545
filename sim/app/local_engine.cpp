#include <semlink/app/local_engine.h>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <map>
#include <ostream>
#include <thread>

#include <semlink/core/error.h>

namespace semlink {
namespace {

/// How a child starts: its output in a file, signals as the shell would give them.
class SpawnSettings {
 public:
  explicit SpawnSettings(const std::filesystem::path& log) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    posix_spawn_file_actions_adddup2(&files_, STDOUT_FILENO, STDERR_FILENO);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    // A group of its own: what the terminal sends comes through us, once.
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  pid_t spawn(const std::filesystem::path& program, std::vector<std::string> arguments) const {
    std::vector<char*> words;
    arguments.insert(arguments.begin(), program.string());
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    pid_t child = 0;
    const int error = posix_spawn(&child, program.c_str(), &files_, &attributes_, words.data(), environ);
    if (error != 0) throw Error(ErrorCode::io, program.string() + ": cannot be started (" + std::strerror(error) + ")");
    return child;
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

std::string last_line(const std::filesystem::path& log) {
  std::ifstream file(log);
  std::string last;
  for (std::string line; std::getline(file, line);)
    if (!line.empty()) last = line;
  return last;
}

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) return "killed by signal " + std::to_string(WTERMSIG(status));
  return "exit status " + std::to_string(WEXITSTATUS(status));
}

class LocalEngine {
 public:
  LocalEngine(const Submission& submission, std::ostream& out) : submission_(submission), out_(out) {}
  // Whatever happens here, no process is left behind unwatched.
  ~LocalEngine() {
    ask_to_stop();
    for (const auto& [child, shard] : running_) ::waitpid(child, nullptr, 0);
  }
  LocalEngine(const LocalEngine&) = delete;
  LocalEngine& operator=(const LocalEngine&) = delete;

  void start(const Shard& shard) {
    const SpawnSettings settings(submission_.log(shard));
    running_.emplace(settings.spawn(program_path(), submission_.run_arguments(shard.text())), shard);
  }

  std::size_t num_running() const { return running_.size(); }

  void ask_to_stop() const {
    for (const auto& [child, shard] : running_) ::kill(child, SIGTERM);
  }

  /// Tells of the processes that have ended meanwhile.
  void collect() {
    for (auto it = running_.begin(); it != running_.end();) {
      int status = 0;
      if (::waitpid(it->first, &status, WNOHANG) != it->first) {
        ++it;
        continue;
      }
      tell(it->second, status);
      it = running_.erase(it);
    }
  }

  std::size_t num_missing() const { return num_missing_; }

 private:
  void tell(const Shard& shard, int status) {
    if (submission_.is_done(shard)) {
      out_ << "shard " << shard.text() << " done" << std::endl;
      return;
    }
    ++num_missing_;
    const std::filesystem::path log = submission_.log(shard);
    out_ << "shard " << shard.text() << " is not done (" << describe_end(status) << "): " << last_line(log) << " (see "
         << log.string() << ")" << std::endl;
  }

  const Submission& submission_;
  std::ostream& out_;
  std::map<pid_t, Shard> running_;
  std::size_t num_missing_ = 0;
};

}  // namespace

std::size_t run_locally(const Submission& submission, std::size_t num_at_once, std::ostream& out, const std::atomic<bool>& stop) {
  const std::vector<Shard> missing = submission.missing();
  LocalEngine engine(submission, out);
  bool told = false;
  for (std::size_t next = 0; engine.num_running() > 0 || (next < missing.size() && !stop);) {
    while (next < missing.size() && engine.num_running() < num_at_once && !stop) engine.start(missing[next++]);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (stop && !told) engine.ask_to_stop();
    told = stop;
    engine.collect();
    if (engine.num_running() == 0 && stop) return engine.num_missing() + missing.size() - next;
  }
  return engine.num_missing();
}

}  // namespace semlink
