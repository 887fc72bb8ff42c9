package bench
import ("testing";"os";"time";"strconv";"fmt";"context";"runtime/pprof")
func TestSeed(t *testing.T){
 dir:=os.Getenv("SEED_DIR"); if dir=="" {t.Skip()}
 n,_:=strconv.Atoi(os.Getenv("SEED_N"))
 b:=&bench{started:time.Now()}; st:=time.Now()
 b.say=func(f string,a ...any){fmt.Printf("%s %s\n",time.Since(st).Round(time.Second),fmt.Sprintf(f,a...))}
 if p:=os.Getenv("SEED_PROF");p!=""{ f,_:=os.Create(p); pprof.StartCPUProfile(f); defer pprof.StopCPUProfile()}
 node,_,err:=b.seeded(context.Background(),dir,n); if err!=nil{t.Fatal(err)}
 fmt.Println(n,"rows",float64(n)/time.Since(st).Seconds(),"rows/s"); node.Close()
}
