// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/benchmarks/contenders.h"

#include <chrono>
#include <cstdio>

#include <ATen/Parallel.h>
#include <sys/wait.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/optim/sgd.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/quant/conv_expanded.h"
#include "core/quant/value_space.h"
#include "core/train/resolve.h"
#include "core/train/session.h"
#include "core/train/training_step.h"

namespace quantarium::benchmarks {

namespace {

double secondsSince(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class SessionContender : public Contender {
public:
    SessionContender(const std::string& name, const StepSettings& settings, const RunConfig& config,
                     Stage stage)
        : Contender(name) {
        at::set_num_threads(static_cast<int>(settings.threads));
        const auto& registries = train::Registries::builtin();
        m_session = train::openSession(train::resolve(config, registries), registries);
        m_sum = m_session.task->newSum();
        const auto loader = m_session.loader(m_session.splits.train, train::LoaderUse::Train);
        loader->start(0);
        m_batch = *loader->next();
        train::runProcedures(m_session, &quant::WeightMethod::before);
        const auto epochs = m_session.config.training.epochs;
        for (std::int64_t epoch = 0; epoch < (stage == Stage::LastEpoch ? epochs : 1); ++epoch)
            train::applyRequests(m_session, {epoch, epochs});
        m_session.network->train();
    }

    double step() override {
        const auto start = std::chrono::steady_clock::now();
        train::trainingStep(m_session, m_batch, *m_sum);
        return secondsSince(start);
    }

private:
    train::Session m_session;
    std::unique_ptr<tasks::MetricSum> m_sum;
    data::Batch m_batch;
};

/// ResNet-20's quantized convolutions in their expanded form; everything else as it is in the float network.
class ExpandedContender : public Contender {
public:
    ExpandedContender(const std::string& name, const StepSettings& settings, std::int64_t bits)
        : Contender(name) {
        at::set_num_threads(static_cast<int>(settings.threads));
        const auto space = quant::ValueSpace::published(bits);
        m_values = torch::tensor(space.values());
        m_images = torch::randn({settings.batch, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast);
        m_targets = torch::randint(0, 10, {settings.batch}, torch::kInt64);
        std::int64_t in = 16;
        m_stem = weight({16, 3, 3, 3});
        addNorm(16);
        for (const std::int64_t out : {16, 32, 64})
            for (int block = 0; block < 3; ++block) {
                addSearch(in, out);
                addSearch(out, out);
                in = out;
            }
        m_linear = weight({10, 64});
        m_optimizer =
            std::make_unique<torch::optim::SGD>(m_parameters, torch::optim::SGDOptions(0.1).momentum(0.9));
    }

    double step() override {
        const auto start = std::chrono::steady_clock::now();
        m_optimizer->zero_grad();
        const auto loss = torch::cross_entropy_loss(forward(m_images), m_targets);
        loss.backward();
        m_optimizer->step();
        [[maybe_unused]] const double value = loss.item<double>();
        return secondsSince(start);
    }

private:
    torch::Tensor weight(std::vector<std::int64_t> shape) {
        m_parameters.push_back((torch::randn(shape) * 0.1).set_requires_grad(true));
        return m_parameters.back();
    }

    void addNorm(std::int64_t channels) {
        m_norms.emplace_back(channels);
        for (const auto& parameter : m_norms.back()->parameters())
            m_parameters.push_back(parameter);
    }

    void addSearch(std::int64_t in, std::int64_t out) {
        m_logits.push_back(weight({m_values.size(0), out, in, 3, 3}));
        addNorm(out);
    }

    /// Straight-through one-hot paths: hard in the forward, softmax in the backward (paper B, equations 2 to
    /// 4).
    torch::Tensor paths(const torch::Tensor& logits) const {
        const auto soft = torch::softmax(logits, 0);
        const auto hard = torch::zeros_like(soft).scatter_(0, logits.argmax(0, true), 1.0);
        return hard + soft - soft.detach();
    }

    torch::Tensor search(const torch::Tensor& x, std::size_t index, std::int64_t stride) {
        return m_norms[index + 1](quant::convExpanded(x, paths(m_logits[index]), m_values, stride, 1));
    }

    torch::Tensor forward(torch::Tensor x) {
        x = torch::relu(m_norms[0](torch::conv2d(x, m_stem, {}, 1, 1)));
        for (std::size_t block = 0; block < 9; ++block) {
            const std::int64_t stride = block == 3 || block == 6 ? 2 : 1;
            auto out = search(torch::relu(search(x, 2 * block, stride)), 2 * block + 1, 1);
            if (stride == 2) {
                const auto half = x.slice(2, 0, INT64_MAX, 2).slice(3, 0, INT64_MAX, 2);
                const auto extra = (out.size(1) - x.size(1)) / 2;
                x = torch::constant_pad_nd(half, {0, 0, 0, 0, extra, extra});
            }
            x = torch::relu(out + x);
        }
        return torch::linear(x.mean({2, 3}), m_linear);
    }

    torch::Tensor m_values, m_images, m_targets, m_stem, m_linear;
    std::vector<torch::Tensor> m_logits, m_parameters;
    std::vector<torch::nn::BatchNorm2d> m_norms;
    std::unique_ptr<torch::optim::SGD> m_optimizer;
};

class EagerContender : public Contender {
public:
    EagerContender(const std::string& name, const StepSettings& settings) : Contender(name) {
        int input[2];
        int output[2];
        if (::pipe(input) != 0 || ::pipe(output) != 0)
            throw Error(ErrorKind::Resource, "no pipe to the Python process");
        m_process = ::fork();
        if (m_process == 0) {
            ::dup2(input[0], 0);
            ::dup2(output[1], 1);
            for (const int descriptor : {input[0], input[1], output[0], output[1]})
                ::close(descriptor);
            ::execl("/usr/bin/python3", "python3", QUANTARIUM_EAGER_SCRIPT,
                    std::to_string(settings.batch).c_str(), std::to_string(settings.threads).c_str(),
                    static_cast<char*>(nullptr));
            ::_exit(127);
        }
        ::close(input[0]);
        ::close(output[1]);
        m_input = ::fdopen(input[1], "w");
        m_output = ::fdopen(output[0], "r");
    }

    ~EagerContender() override {
        std::fclose(m_input);
        std::fclose(m_output);
        ::waitpid(m_process, nullptr, 0);
    }

    double step() override {
        double seconds = 0;
        std::fputs("step\n", m_input);
        std::fflush(m_input);
        if (std::fscanf(m_output, "%lf", &seconds) != 1)
            throw Error(ErrorKind::Run, "the Python process ended", "eager_resnet20.py",
                        "Install python3-torch.");
        return seconds;
    }

private:
    pid_t m_process = -1;
    std::FILE* m_input = nullptr;
    std::FILE* m_output = nullptr;
};

} // namespace

std::unique_ptr<Contender> sessionContender(const std::string& name, const StepSettings& settings,
                                            const std::function<void(RunConfig&)>& change, Stage stage) {
    RunConfig config;
    config.dataset.id = "cifar10";
    config.dataset.root = settings.dataFolder.string();
    config.network.id = "resnet20";
    config.training.batch = settings.batch;
    config.machine.threads = settings.threads;
    change(config);
    return std::make_unique<SessionContender>(name, settings, config, stage);
}

std::unique_ptr<Contender> expandedContender(const std::string& name, const StepSettings& settings,
                                             std::int64_t bits) {
    return std::make_unique<ExpandedContender>(name, settings, bits);
}

std::unique_ptr<Contender> eagerContender(const std::string& name, const StepSettings& settings) {
    return std::make_unique<EagerContender>(name, settings);
}

} // namespace quantarium::benchmarks
