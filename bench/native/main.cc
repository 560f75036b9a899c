// clmbr_bench THREADS ROWS,... OUTPUTSxINPUTS,... KERNELS,...: the cores' FMA peak and read bandwidth, and our matrix product on the shapes.
// clmbr_bench THREADS LENGTH,... operators KERNELS: where the time of one sequence goes. Each prints one line of JSON.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "linear.h"
#include "operators.h"
#include "peak.h"

using namespace clmbr;

namespace {

std::vector<std::string> split(const std::string & text, char separator) {
    std::vector<std::string> parts(1);
    for (const char c : text) {
        if (c == separator) parts.emplace_back();
        else parts.back() += c;
    }
    return parts;
}

int print_operators(const std::string & kernels, const std::vector<std::string> & lengths, int threads) {
    printf("{");
    const char * between = "";
    for (const std::string & length : lengths) {
        printf("%s\"%s\":{", between, length.c_str());
        between = ",";
        const char * comma = "";
        for (const bench::OperatorTime & o : bench::operator_times(kernels.c_str(), atoi(length.c_str()), threads)) {
            printf("%s\"%s\":{\"seconds\":%.9f,\"operations\":%.0f}", comma, o.name.c_str(), o.seconds, o.operations);
            comma = ",";
        }
        printf("}");
    }
    printf("}\n");
    return 0;
}

}  // namespace

int main(int argc, char ** argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: clmbr_bench THREADS ROWS,... OUTPUTSxINPUTS,... KERNELS,...\n");
        return 2;
    }
    const int threads = atoi(argv[1]);
    if (std::string(argv[3]) == "operators") return print_operators(argv[4], split(argv[2], ','), threads);
    printf("{\"peaks\":{");
    const char * comma = "";
    for (const bench::Peak & peak : bench::fma_peaks(threads)) {
        printf("%s\"%s\":%.1f", comma, peak.name.c_str(), peak.gflops);
        comma = ",";
    }
    printf("},\"readGigabytes\":%.2f,\"results\":[", bench::read_bandwidth(threads));
    comma = "";
    for (const std::string & kernels : split(argv[4], ','))
        for (const std::string & rows : split(argv[2], ','))
            for (const std::string & shape : split(argv[3], ',')) {
                const std::vector<std::string> sides = split(shape, 'x');
                if (sides.size() != 2) return 2;
                const bench::Shape s{atoi(sides[0].c_str()), atoi(sides[1].c_str())};
                const double gflops = bench::linear_gflops(kernels.c_str(), kernels::WeightType::F32, s, atoi(rows.c_str()), threads);
                printf("%s{\"kernels\":\"%s\",\"rows\":%s,\"outputs\":%d,\"inputs\":%d,\"gflops\":%.1f}", comma, kernels.c_str(), rows.c_str(),
                       s.outputs, s.inputs, gflops);
                comma = ",";
            }
    printf("]}\n");
    return 0;
}
